// What the function prints.

// Cuts what is written to a standard stream into log lines, from its first use on; returns what says the unended rest.
function captureStream(name, level) {
  const make = Object.getOwnPropertyDescriptor(process, name).get;
  const decoder = new StringDecoder('utf8');
  let stream;
  let rest = '';
  const write = (chunk, encoding, done) => {
    const whole = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).split('\n');
    rest = whole.pop();
    for (const line of whole) say(level, line);
    if (rest.length > LONGEST_LINE) {
      say(level, rest);
      rest = '';
    }
    const after = typeof encoding === 'function' ? encoding : done;
    if (after) process.nextTick(after);
    return true;
  };
  const get = () => {
    if (!stream) {
      stream = Object.assign(make.call(process), { write });
      // Nothing is written to it any more, so it is no work to wait for.
      stream.unref?.();
    }
    return stream;
  };
  Object.defineProperty(process, name, { get, configurable: true, enumerable: true });
  return () => {
    rest += decoder.end();
    if (rest) say(level, rest);
    rest = '';
  };
}

const flushOut = captureStream('stdout', INFO);
const flushErr = captureStream('stderr', ERROR);

const LEVELS = { debug: DEBUG, info: INFO, log: INFO, warn: WARN, error: ERROR };

// Each call of a console method is one log record, however many lines it has.
function captureConsole() {
  let level = null;
  const sink = (usual) => ({
    write: (text) => say(level ?? usual, text.endsWith('\n') ? text.slice(0, -1) : text),
  });
  const captured = new Console({ stdout: sink(INFO), stderr: sink(ERROR), ignoreErrors: false });
  const at = (wanted, method) =>
    function (...values) {
      level = wanted;
      try {
        return method.apply(captured, values);
      } finally {
        level = null;
      }
    };
  for (const name of Object.keys(captured)) {
    if (typeof captured[name] !== 'function') continue;
    const wanted = { debug: DEBUG, warn: WARN, assert: WARN }[name];
    console[name] = wanted === undefined ? captured[name] : at(wanted, captured[name]);
  }
  // The SDKs' loggers call this (tcb-admin-node without asking whether it exists).
  console.__baseLog__ = (value, wanted) => {
    const text = typeof value === 'string' ? value : util.inspect(value, { breakLength: Infinity, depth: 5 });
    say(LEVELS[String(wanted).toLowerCase()] ?? INFO, text);
  };
}
