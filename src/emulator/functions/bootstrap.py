# Runs one function in this process, one call at a time, for the emulator at the other end of file descriptor 0.
# The frames are those that `bootstrap.cjs` lists. Written for every Python from 3.6 on.
#
# What handlers may do, and the texts of failures, are those of the runtime in scfcli (`docs/wire.md#function-contract`).

import importlib.util
import inspect
import io
import json
import linecache
import logging
import os
import re
import select
import signal
import socket
import struct
import sys
import threading
import traceback
from decimal import Decimal

DEBUG, INFO, WARN, ERROR = range(4)
CODE, EVENT, RESULT = range(3)
# Characters of JSON.
RESULT_LIMIT = 6 * 1024 * 1024
# How long after an answer threads are looked for that still run, in seconds.
LINGER = 0.05

settings = None
sending = threading.Lock()
# What is not a handler's own: these frames are left out of tracebacks.
OWN = os.path.dirname(os.path.abspath(__file__))


def take_channel():
    """Takes file descriptor 0 for the emulator alone: the function finds an empty input, and what it starts has no hold."""
    channel = socket.socket(fileno=os.dup(0))
    # It came as one that does not wait.
    channel.setblocking(True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return channel


channel = take_channel()


def beside(name):
    """Loads another file of the runtime, which the function's own imports do not see."""
    spec = importlib.util.spec_from_file_location("cloudkit_" + name, os.path.join(OWN, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- Speaking ---------------------------------------------------------------------------------------------------------


def send(kind, number, text):
    body = text.encode("utf-8", "replace")
    frame = struct.pack(">IcI", len(body) + 5, kind, number) + body
    try:
        with sending:
            channel.sendall(frame)
    except OSError:
        os._exit(0)


def say(level, text):
    send(b"L", level, text)


def resident_memory():
    """Returns the resident memory in KiB."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // 1024 if sys.platform == "darwin" else peak


# ---- What the function prints -----------------------------------------------------------------------------------------


class Lines(io.TextIOBase):
    """A standard stream: each line is a line of the log. What is written as bytes goes to the real one, which is read too."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, real, level):
        super().__init__()
        self.real, self.level, self.rest = real, level, threading.local()

    @property
    def buffer(self):
        return self.real.buffer

    def fileno(self):
        return self.real.fileno()

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not " + type(text).__name__)
        lines = (getattr(self.rest, "text", "") + text).split("\n")
        self.rest.text = lines.pop()
        for line in lines:
            say(self.level, line)
        return len(text)

    def end_line(self):
        if getattr(self.rest, "text", ""):
            say(self.level, self.rest.text)
            self.rest.text = ""


class Records(logging.Handler):
    """Each record of `logging` is one record of the log, with its level."""

    def emit(self, record):
        try:
            text = self.format(record)
        except Exception:
            return self.handleError(record)
        level = DEBUG if record.levelno < 20 else INFO if record.levelno < 30 else WARN if record.levelno < 40 else ERROR
        say(level, text)


def capture():
    sys.stdout, sys.stderr = Lines(sys.stdout, INFO), Lines(sys.stderr, ERROR)
    root = logging.getLogger()
    root.setLevel(logging.DEBUG)
    root.addHandler(Records())


def end_lines():
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Lines):
            stream.end_line()


# ---- Hosts outside ----------------------------------------------------------------------------------------------------

HOME = re.compile(r"(.*\.)?localhost|127(\.\d+){3}|::1|::|0\.0\.0\.0|::ffff:127(\.\d+){3}|", re.IGNORECASE)


def refuse_hosts_outside():
    """Refuses what leaves this machine before it is dialled, from Python 3.8 on; `outside.cjs` does it for Node."""

    def look(event, arguments):
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            address = arguments[1]
            host = address[0] if isinstance(address, tuple) else None
        elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
            host = arguments[0]
        else:
            return
        host = host.decode("utf-8", "replace") if isinstance(host, bytes) else host
        if not isinstance(host, str) or HOME.fullmatch(host):
            return
        send(b"O", 0, "→ connect " + host + " refused (--offline)")
        raise ConnectionRefusedError(
            "`" + host + "` was not dialled: the emulator runs with --offline; "
            "answer it with a file in fixtures/http, or start without --offline"
        )

    if hasattr(sys, "addaudithook"):
        sys.addaudithook(look)


# ---- Failures ---------------------------------------------------------------------------------------------------------


def is_own(frame):
    """Tells whether a frame is of the runtime or of the machinery that imports modules."""
    return os.path.dirname(frame.filename) == OWN or "importlib" in frame.filename and frame.filename.startswith("<frozen")


def shown(text):
    """Has a text name the project's files instead of a deployed copy's, where they are the same."""
    source, folder = settings.get("source"), settings["folder"]
    if not source or folder not in text:
        return text

    def name(found):
        try:
            with open(found.group(), "rb") as one, open(source + found.group(1), "rb") as other:
                return source + found.group(1) if one.read() == other.read() else found.group()
        except OSError:
            return found.group()

    return re.sub(re.escape(folder) + r"(/[^:\"'\n]*)", name, text)


def describe(error):
    text = traceback.TracebackException(type(error), error, error.__traceback__)
    link = text
    while link is not None:
        link.stack[:] = [frame for frame in link.stack if not is_own(frame)]
        link = link.__cause__ or link.__context__
    lines = list(text.format())
    if not text.stack and lines and lines[0].startswith("Traceback"):
        lines = lines[1:]
    return shown("".join(lines).rstrip("\n"))


def excerpt(frames):
    """Returns the innermost line of the function's own code, as the log shows it for every language."""
    own = [frame for frame in frames if frame[0].startswith(settings["folder"]) and "site-packages" not in frame[0]]
    if not own:
        return ""
    file, line = own[-1]
    return "{}:{}\n{}\n".format(shown(file), line, linecache.getline(file, line).rstrip("\n"))


def places(error):
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return [(error.filename, error.lineno)]
    return [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__) if not is_own(frame)]


# ---- One call ---------------------------------------------------------------------------------------------------------

lent = {}


def set_variables(variables):
    """Variables of the call before are taken away: a warm process must not lend one caller's identity to the next."""
    global lent
    for name in lent:
        if name not in variables:
            os.environ.pop(name, None)
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    lent = variables


def make_context(head):
    variables = dict(head["variables"], SCF_NAMESPACE=settings["envId"])
    return {
        "memory_limit_in_mb": settings["memory"],
        "time_limit_in_ms": settings["timeLimit"],
        "request_id": head["id"],
        "environ": ";".join("=".join(pair) for pair in variables.items()),
        "environment": json.dumps(variables),
        "function_version": "$LATEST",
        "function_name": settings["name"],
        "namespace": settings["envId"],
        "tencentcloud_region": settings["region"],
        "tencentcloud_appid": "1250000001",
        "tencentcloud_uin": "100000000001",
    }


def answer(kind, number, text):
    end_lines()
    if kind == b"F":
        send(b"M", resident_memory(), "")
    send(kind, number, text)


def fail(error):
    text = describe(error)
    say(ERROR, excerpt(places(error)) + text)
    answer(b"F", CODE, text)


def leave(end):
    """Ends the process as `sys.exit` does, which the platform does not catch."""
    code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    if code == 1 and not isinstance(end.code, int):
        say(ERROR, str(end.code))
    end_lines()
    say(ERROR, excerpt(places(end)) + "sys.exit({}) was called".format(code))
    send(b"M", resident_memory(), "")
    os._exit(code & 255)


# Set once the emulator's clock was moved: tells the time how far.
move_clock = None


def set_clock(offset):
    global move_clock
    if move_clock is None and offset:
        move_clock = beside("clock").install(settings["folder"])
    if move_clock is not None:
        move_clock(offset)


def write(event, own):
    """Writes what only the platform may say into an event; what else a client has in `userInfo` stays beside it."""
    info = event.get("userInfo")
    event.update(own)
    if isinstance(info, dict) and "userInfo" in own:
        event["userInfo"] = {**own["userInfo"], **info, **own["userInfo"]}


def call(handler, head, text):
    set_variables(head["variables"])
    set_clock(head.get("offset") or 0)
    try:
        event = json.loads(text) if text else {}
    except ValueError as error:
        return answer(b"F", EVENT, "event is not valid JSON: {}".format(error))
    if head.get("merge") and isinstance(event, dict):
        write(event, head["merge"])
    try:
        value = handler(event, make_context(head))
        if inspect.iscoroutine(value):
            say(WARN, "`{}` is an `async def`, which the platform does not run: wrap it in `asyncio.run(…)`".format(settings["handler"]))
            value.close()
        result = json.dumps(str(value) if type(value) is Decimal else value)
    except SystemExit as end:
        return leave(end)
    except BaseException as error:
        return fail(error)
    if len(result) > RESULT_LIMIT:
        say(ERROR, "body size is too long")
        return answer(b"F", RESULT, "body size is too long")
    answer(b"R", resident_memory(), result)


def look_for_threads():
    count = sum(1 for thread in threading.enumerate() if thread is not threading.main_thread() and not thread.daemon)
    if count:
        send(b"A", 0, "{} thread{}".format(count, "s" if count > 1 else ""))


def tell_place(_signal, frame):
    """Says where the handler is: the emulator asks by a signal when the time is over."""
    # In the middle of another frame there is no room for this one.
    if not sending.locked():
        send(b"W", 0, excerpt([(frame.filename, frame.lineno) for frame in traceback.extract_stack(frame)]))


# ---- Loading ----------------------------------------------------------------------------------------------------------


def load():
    stem, _, name = settings["handler"].rpartition(".")
    file = os.path.join(settings["folder"], stem + ".py")
    sys.path[0] = settings["folder"]
    if not os.path.isfile(file):
        raise ImportError("No module named '{}': the handler is `{}`, and there is no {}".format(stem, settings["handler"], file))
    module_name = os.path.basename(stem)
    spec = importlib.util.spec_from_file_location(module_name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    handler = getattr(module, name, None)
    if not callable(handler):
        defined = "`, `".join(key for key, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == module_name)
        there = "it defines `{}`".format(defined) if defined else "it defines no function"
        raise AttributeError("module '{}' has no attribute '{}': {}".format(module_name, name, there))
    return handler


def installed_names(folder):
    """Returns what `pip install --target` put into the folder: packages that are not the function's own code."""
    names = set()
    for entry in os.listdir(folder):
        if entry.endswith(".dist-info"):
            try:
                with open(os.path.join(folder, entry, "RECORD"), encoding="utf-8") as record:
                    names.update(line.split("/")[0].split(",")[0] for line in record)
            except OSError:
                pass
    return names


def loaded_files():
    """The files of the function's own code that are loaded: when one changes, this process is out of date."""
    folder = settings["folder"] + os.sep
    strangers = installed_names(folder)
    files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
    own = [file for file in files if file.startswith(folder) and file[len(folder) :].split(os.sep)[0] not in strangers]
    return sorted(set(own))[:64]


def initialize(text):
    global settings
    settings = json.loads(text)
    try:
        handler = load()
    except SystemExit as end:
        leave(end)
    except BaseException as error:
        text = describe(error)
        place = "" if isinstance(error, SyntaxError) else excerpt(places(error))
        end_lines()
        send(b"B", 0, place + text)
        os._exit(1)
    send(b"D", 0, json.dumps(loaded_files()))
    return handler


# ---- Listening --------------------------------------------------------------------------------------------------------


def take(size):
    parts = []
    while size:
        part = channel.recv(min(size, 1 << 20))
        if not part:
            # The emulator is gone, however it ended.
            os._exit(0)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def main():
    capture()
    beside("outside").install(os.environ["CLOUDKIT_EMULATOR_URL"], HOME.fullmatch, lambda text: send(b"O", 0, text))
    if os.environ.get("CLOUDKIT_OFFLINE"):
        refuse_hosts_outside()
    signal.signal(signal.SIGUSR1, tell_place)
    # Ctrl-C is the emulator's matter.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    handler, answered = None, False
    while True:
        if answered and not select.select([channel], [], [], LINGER)[0]:
            look_for_threads()
        frame = take(struct.unpack(">I", take(4))[0])
        kind, answered = frame[:1], False
        if kind == b"I":
            handler = initialize(frame[1:].decode("utf-8"))
        elif kind == b"C":
            (length,) = struct.unpack(">I", frame[1:5])
            call(handler, json.loads(frame[5 : 5 + length].decode("utf-8")), frame[5 + length :].decode("utf-8"))
            answered = True


main()
