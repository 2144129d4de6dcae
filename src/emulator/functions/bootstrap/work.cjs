// Work that goes on after the answer.

// Names what keeps the event loop going, besides the channel and the standard streams: those two become pipes when
// somebody (a colour-aware logger inside an SDK) first looks at `process.stdout`.
function activeWork() {
  if (!process.getActiveResourcesInfo) return [];
  let own = call ? 2 : 3;
  const all = process.getActiveResourcesInfo();
  const active = [];
  for (let at = 0; at < all.length; at++) if (all[at] !== 'PipeWrap' || own-- <= 0) active[active.length] = all[at];
  return active;
}

function lookForWork() {
  watching = false;
  if (call) return;
  const active = activeWork();
  if (active.length) send('A', 0, summary(active));
}

function summary(active) {
  const counts = { __proto__: null };
  for (let at = 0; at < active.length; at++) {
    const word = WORDS[active[at]] ?? active[at];
    counts[word] = (counts[word] ?? 0) + 1;
  }
  let text = '';
  for (const name in counts) text += `${text ? ', ' : ''}${counts[name]} ${name}${counts[name] > 1 ? 's' : ''}`;
  return text;
}

const WORDS = { __proto__: null, Timeout: 'timer', Immediate: 'timer', TCPSocketWrap: 'connection', TCPWRAP: 'connection' };
