// Tells the function the emulator's time. Loaded at the first call that comes while the emulator's clock is not the
// machine's, so that one which nobody moved costs nothing. Timers and `performance` go on by the machine's clock.
'use strict';

const { construct } = Reflect;

// Takes `Date` and `Date.now` as they were before the function's code ran. Returns what sets the time from then on: how
// far the emulator's clock is ahead of the machine's, in milliseconds.
module.exports = (Real, realNow) => {
  let offset = 0;
  // A clock that the function has put in the place of this one is its own matter.
  if (globalThis.Date === Real && Real.now === realNow) install(Real, () => realNow() + offset);
  return (ahead) => {
    offset = ahead;
  };
};

function install(Real, now) {
  // A proxy has the real one's prototype, length and name: what was made before and after are both a `Date`.
  const Moved = new Proxy(Real, {
    apply: () => new Real(now()).toString(),
    construct: (target, values, newTarget) =>
      construct(target, values.length ? values : [now()], newTarget === Moved ? target : newTarget),
  });
  Real.now = now;
  Real.prototype.constructor = Moved;
  globalThis.Date = Moved;
  moveFormats(now);
}

// Formatting no time formats the present one. `format` is bound to its formatter, the same one each time.
function moveFormats(now) {
  const { prototype } = Intl.DateTimeFormat;
  const { get, ...rest } = Object.getOwnPropertyDescriptor(prototype, 'format');
  const bound = new WeakMap();
  Object.defineProperty(prototype, 'format', {
    ...rest,
    get() {
      const real = get.call(this);
      if (!bound.has(real)) bound.set(real, (time) => real(time === undefined ? now() : time));
      return bound.get(real);
    },
  });
  const { formatToParts } = prototype;
  prototype.formatToParts = function (time) {
    return formatToParts.call(this, time === undefined ? now() : time);
  };
}
