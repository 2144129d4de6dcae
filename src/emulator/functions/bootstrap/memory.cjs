// How much memory the process has.

// The kernel's word on this process's memory, in pages; open all the time, because `rss` costs as much as a small call.
const PAGES = openPages();
const pages = Buffer.alloc(128, ' ');
const SPACE = 32;
const ZERO = 48;
// KiB of a page.
const PAGE = PAGES === undefined ? 0 : 2 ** round(log2(rss() / 1024 / readPages()));

function openPages() {
  try {
    return fs.openSync('/proc/self/statm');
  } catch {
    return undefined;
  }
}

// Returns the second number there, the resident pages.
function readPages() {
  readSync(PAGES, pages, 0, 128, 0);
  let at = 0;
  let count = 0;
  while (at < 128 && pages[at++] !== SPACE);
  for (; at < 128 && pages[at] !== SPACE; at++) count = count * 10 + pages[at] - ZERO;
  return count;
}

// Returns the resident memory in KiB.
function residentMemory() {
  try {
    if (PAGES === undefined) return round(rss() / 1024);
    return readPages() * PAGE;
  } catch {
    // The function has closed what was not its own.
    return round(rss() / 1024);
  }
}

const tellMemory = () => send('M', residentMemory(), '');
