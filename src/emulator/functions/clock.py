# Tells a Python function the emulator's time. Loaded at the first call that comes while the emulator's clock is not the
# machine's. `time.monotonic`, `sleep` and code in C go on by the machine's clock.
# Written for every Python from 3.6 on.

import copyreg
import datetime
import sys
import time

# How far the emulator's clock is ahead of the machine's, in seconds.
ahead = 0.0

real = {name: getattr(time, name) for name in ("time", "localtime", "gmtime", "ctime", "asctime", "strftime")}
Date, DateTime = datetime.date, datetime.datetime


def now():
    return real["time"]() + ahead


def now_in_nanoseconds():
    return int(now() * 1000000000)


def at(name):
    """A function of `time` that takes the present where no seconds are given."""
    return lambda seconds=None: real[name](now() if seconds is None else seconds)


def asctime(parts=None):
    return real["asctime"](real["localtime"](now()) if parts is None else parts)


def strftime(form, parts=None):
    return real["strftime"](form, real["localtime"](now()) if parts is None else parts)


class Kind(type):
    """What was made before and after the move are of one class: the real one."""

    def __instancecheck__(cls, value):
        return isinstance(value, cls.real) if "real" in vars(cls) else type.__instancecheck__(cls, value)

    def __subclasscheck__(cls, other):
        return issubclass(other, cls.real) if "real" in vars(cls) else type.__subclasscheck__(cls, other)


class date(Date, metaclass=Kind):
    real = Date

    def __new__(cls, *values, **named):
        return Date.__new__(Date if cls is date else cls, *values, **named)

    @classmethod
    def today(cls):
        return cls.fromtimestamp(now())


class MovedDateTime(DateTime, metaclass=Kind):
    real = DateTime

    def __new__(cls, *values, **named):
        return DateTime.__new__(DateTime if cls is MovedDateTime else cls, *values, **named)

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(now(), tz)

    @classmethod
    def today(cls):
        return cls.fromtimestamp(now())

    @classmethod
    def utcnow(cls):
        return cls.fromtimestamp(now(), datetime.timezone.utc).replace(tzinfo=None)


def name_as(moved, original):
    """Has `pickle` find the one where it looks for the other."""
    moved.__module__, moved.__name__, moved.__qualname__ = "datetime", original.__name__, original.__qualname__
    copyreg.pickle(original, lambda value: (moved,) + tuple(value.__reduce_ex__(2)[1:]))


def install(folder):
    """Moves the clock of the modules in a folder, which may have taken names before, and of all that ask from now on.
    Returns what says how far ahead it is, in milliseconds."""
    name_as(date, Date)
    name_as(MovedDateTime, DateTime)
    moved = {"time": now, "asctime": asctime, "strftime": strftime}
    moved.update((name, at(name)) for name in ("localtime", "gmtime", "ctime"))
    swaps = [(Date, date), (DateTime, MovedDateTime)] + [(real[name], moved[name]) for name in moved]
    if hasattr(time, "time_ns"):
        swaps.append((time.time_ns, now_in_nanoseconds))
    own = [module for module in list(sys.modules.values()) if (getattr(module, "__file__", None) or "").startswith(folder)]
    for module in [time, datetime] + own:
        for name, value in list(vars(module).items()):
            for original, other in swaps:
                if value is original:
                    setattr(module, name, other)

    def move(offset):
        global ahead
        ahead = offset / 1000.0

    return move
