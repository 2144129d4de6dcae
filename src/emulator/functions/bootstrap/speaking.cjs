// Frames to the emulator.

const HEAD = 9;
const small = Buffer.allocUnsafeSlow(64 * 1024);
const pause = new Int32Array(new SharedArrayBuffer(4));

// Writes a frame before it returns, so that nothing said is lost when the process ends or hangs right after.
function send(kind, number, text) {
  const fits = text.length * 3 + HEAD <= small.length;
  const frame = fits ? small : allocUnsafe(HEAD + byteLength(text));
  const end = HEAD + writeText(frame, text, HEAD);
  writeNumber(frame, end - 4, 0);
  frame[4] = codeAt(kind, 0);
  writeNumber(frame, number, 5);
  for (let sent = 0; sent < end; ) {
    try {
      sent += writeSync(CHANNEL, frame, sent, end - sent);
    } catch (error) {
      if (error.code !== 'EAGAIN') exit(0);
      wait(pause, 0, 0, 1);
    }
  }
}

// Says a line, a very long one in pieces.
function say(level, text) {
  let start = 0;
  while (text.length - start > LONGEST_LINE) {
    const last = codeAt(text, start + LONGEST_LINE - 1);
    // A character of two halves stays whole.
    const end = start + LONGEST_LINE - (last >= 0xd800 && last < 0xdc00 ? 1 : 0);
    send('L', level, text.slice(start, end));
    start = end;
  }
  send('L', level, start ? text.slice(start) : text);
}

// `outside.cjs` says here what the function calls outside.
Object.defineProperty(globalThis, Symbol.for('cloudkit.outside'), { value: (text) => send('O', 0, text) });

// Writes a list of texts. A list has a `toJSON` as soon as the function gives one to every array; a text never has.
function listed(texts) {
  let list = '';
  for (let at = 0; at < texts.length; at++) list += (at ? ',' : '') + stringify(texts[at]);
  return `[${list}]`;
}
