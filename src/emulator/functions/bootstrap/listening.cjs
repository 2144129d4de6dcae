// Frames from the emulator. The last part: from here on the process hears.

function receive(kind, frame) {
  if (kind === 67) {
    const length = readNumber(frame, 5);
    const head = parse(readText(frame, 9, 9 + length));
    begin(head, readText(frame, 9 + length, frame.length));
  } else if (kind === 87) {
    send('W', 0, summary(activeWork()));
  } else if (kind === 84) {
    takeTypescript(frame.utf8Slice(5));
  } else {
    initialize(readText(frame, 5, frame.length));
  }
}

// Where the channel is read into, again and again.
const incoming = Buffer.allocUnsafeSlow(64 * 1024);
// Of a frame that is not all here: its parts, their length, and the length from which on it is worth another look.
let parts = [];
let length = 0;
let wanted = 0;

function keep(part) {
  parts[parts.length] = from(part);
  length += part.length;
}

function listen(size) {
  let data = subarray(incoming, 0, size);
  if (length) {
    keep(data);
    if (length < wanted) return;
    data = concat(parts);
    parts = [];
    length = 0;
  }
  const end = () => (data.length < 4 ? 4 : 4 + readNumber(data, 0));
  for (wanted = end(); data.length > 4 && data.length >= wanted; wanted = end()) {
    receive(data[4], subarray(data, 0, wanted));
    data = subarray(data, wanted);
  }
  if (data.length) keep(data);
}

captureConsole();
shareVariables();
// The channel is not the function's standard input; it finds that one empty.
Object.defineProperty(process, 'stdin', { value: Readable.from([]), configurable: true });

const channel = new net.Socket({
  fd: CHANNEL,
  readable: true,
  writable: false,
  onread: { buffer: incoming, callback: listen },
});
// The emulator is gone, however it ended.
for (const end of ['end', 'close', 'error']) channel.on(end, () => exit(0));
