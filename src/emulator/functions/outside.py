# Calls of hosts outside by Python functions, as `preload.cjs` and `outside.cjs` have them for Node: those of the platform's
# hosts go to the emulator, fixtures answer, the others are told in the log and recorded.
#
# `http.client` carries them all. `urllib` uses it as it is; `urllib3`, below `requests` and Tencent Cloud's SDK, connects
# before it knows what is asked, so it is taken in hand a level higher. Both are changed when they have been imported.
# Written for every Python from 3.6 on.

import base64
import importlib.util
import io
import json
import os
import re
import socket
import sys
import time
import zlib
from urllib.parse import parse_qs, urlsplit

RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "outside.json")
# What is recorded at most of one body, in bytes.
RECORDED = 1024 * 1024
# As in `outside.cjs` and `preload.cjs`.
SECRET = re.compile(r"token|secret|passw|api_?key|access_?key|signature|^sign?$|^sig$|credential|session_?key|^auth", re.I)
PLATFORM = re.compile(
    r"(.*\.)?(tencentcloudapi\.com|tencentyun\.com)|.*\.api\.(intl\.)?tcloudbasegateway\.com|.*\.service\.tcloudbase\.com"
    r"|.*\.tcb\.qcloud\.la|.*\.cos(-internal)?\.[a-z0-9-]+\.(myqcloud\.com|tencentcos\.cn)"
)
WECHAT = re.compile(r"((sh|sz|hk)\.)?api\.weixin\.qq\.com|api2\.weixin\.qq\.com", re.I)

# Set by `install`: the emulator's host and port, what a host of this machine looks like, and what says a line.
emulator = home = tell = None


# ---- What the emulator says -------------------------------------------------------------------------------------------

rules = {"record": False, "fixtures": []}
stamp = None


def current():
    """Reads the rules again when they were written since."""
    global rules, stamp
    try:
        found = os.stat(RULES)
        if stamp != (found.st_mtime_ns, found.st_ino, found.st_size):
            with open(RULES, encoding="utf-8") as file:
                rules = json.load(file)
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
    except (OSError, ValueError):
        # The emulator is gone: what it said last counts.
        pass
    return rules


def is_answered(method, url):
    """Tells whether a fixture is there for a request, whatever body it asks for."""
    asked = urlsplit(url)
    given = parse_qs(asked.query, keep_blank_values=True)
    place = asked.scheme + "://" + asked.netloc + asked.path
    return any(
        (not it["method"] or it["method"] == method)
        # What is recorded for one body says nothing of others.
        and not (it["with"] and rules["record"])
        and re.search(it["url"], place)
        and all(any(re.search(value, text) for text in given.get(name, [])) for name, value in it["query"])
        for it in current()["fixtures"]
    )


class Call:
    """A request: what it is, and where it goes."""

    def __init__(self, method, scheme, host, port, target):
        usual = 443 if scheme == "https" else 80
        name = "[" + host + "]" if ":" in host else host
        self.method, self.host = method, host
        self.origin = scheme + "://" + name + ("" if port in (None, usual) else ":" + str(port))
        self.target = target if target.startswith("/") else "/" + target
        self.url = self.origin + self.target
        self.is_own = (host, port) == emulator
        self.header = None
        if PLATFORM.fullmatch(host.lower()):
            self.header = "x-cloudkit-host"
        elif not self.is_own and is_answered(method, self.url):
            self.header = "x-cloudkit-outside"
        elif WECHAT.fullmatch(host):
            self.header = "x-cloudkit-host"
        self.began, self.told, self.sent, self.given = time.perf_counter(), False, b"", {}

    @property
    def is_recorded(self):
        return not self.is_own and not self.header and current()["record"] and not home(self.host)

    def is_kept(self, name):
        """Tells whether a header goes along: of a request that a fixture answers, the host's are the emulator's."""
        return self.header != "x-cloudkit-outside" or name.lower() not in ("host", "origin", "expect")

    def tell(self, outcome):
        is_stand_in = WECHAT.fullmatch(self.host) and self.header == "x-cloudkit-host"
        if self.told or self.is_own or (self.header == "x-cloudkit-host" and not is_stand_in):
            return
        self.told = True
        shown = re.sub(r"^(\w+://)[^/@]*@", r"\1", self.url)
        shown = re.sub(r"([?&])([^=&#]+)=[^&#]*", lambda it: it.expand(r"\1\2=…") if SECRET.search(it.group(2)) else it.group(), shown)
        taken = round((time.perf_counter() - self.began) * 1000)
        how = " (stand-in)" if is_stand_in else " (fixture)" if self.header else ""
        tell("→ {} {} {} {} ms{}".format(self.method, shown, outcome, taken, how))


# ---- `http.client` ----------------------------------------------------------------------------------------------------


def change_http(http):
    plain, tls = http.HTTPConnection, getattr(http, "HTTPSConnection", http.HTTPConnection)
    putrequest, putheader, send, getresponse = plain.putrequest, plain.putheader, plain.send, plain.getresponse

    def connecting(connect):
        def changed(self):
            call = getattr(self, "_cloudkit", None)
            if call is not None and call.header:
                self.sock = socket.create_connection(emulator, self.timeout)
                return
            try:
                connect(self)
            except OSError as error:
                if call is not None and not os.environ.get("CLOUDKIT_OFFLINE"):
                    call.tell(type(error).__name__)
                raise

        return changed

    plain_connect, tls_connect = connecting(plain.connect), connecting(tls.connect)

    def changed_putrequest(self, method, url, skip_host=False, skip_accept_encoding=False):
        scheme = "https" if self.default_port == 443 else "http"
        # A tunnel and a request to a proxy are no calls of their own.
        if getattr(self, "_tunnel_host", None) or "://" in url:
            self._cloudkit = None
            return putrequest(self, method, url, skip_host, skip_accept_encoding)
        before, call = getattr(self, "_cloudkit", None), Call(method, scheme, self.host, self.port, url)
        if type(self).connect not in (plain_connect, tls_connect):
            call.header = None
        if self.sock is not None and (before and before.header) != call.header:
            self.close()
        self._cloudkit = call
        skip_host = skip_host or call.header == "x-cloudkit-outside"
        putrequest(self, method, url, skip_host, skip_accept_encoding)
        if call.header == "x-cloudkit-outside":
            putheader(self, "Host", "{}:{}".format(*emulator))
        if call.header:
            putheader(self, call.header, call.origin)

    def changed_putheader(self, name, *values):
        call = getattr(self, "_cloudkit", None)
        text = name.decode("latin-1") if isinstance(name, bytes) else name
        if call is None or call.is_kept(text):
            putheader(self, name, *values)
        if call is not None:
            call.given[text] = " ".join(it.decode("latin-1") if isinstance(it, bytes) else str(it) for it in values)

    def changed_send(self, data):
        call = getattr(self, "_cloudkit", None)
        if call is not None and isinstance(data, bytes) and call.is_recorded and len(call.sent) <= RECORDED:
            call.sent += data
        return send(self, data)

    def changed_getresponse(self, *rest, **options):
        call = getattr(self, "_cloudkit", None)
        if call is None:
            return getresponse(self, *rest, **options)
        try:
            response = getresponse(self, *rest, **options)
        except Exception as error:
            call.tell(type(error).__name__)
            raise
        call.tell(response.status)
        if call.is_recorded and call.method != "HEAD":
            record(call, response)
        return response

    plain.connect = plain_connect
    if tls is not plain:
        tls.connect = tls_connect
    plain.putrequest, plain.putheader = changed_putrequest, changed_putheader
    plain.send, plain.getresponse = changed_send, changed_getresponse


# ---- `urllib3` --------------------------------------------------------------------------------------------------------


def change_pools(module):
    pools = module.HTTPConnectionPool
    urlopen = pools.urlopen
    kept = []

    def changed(self, method, url, body=None, headers=None, *rest, **options):
        call = None if self.proxy or "://" in url else Call(method, self.scheme, self.host.strip("[]"), self.port, url)
        if call is None or not call.header:
            return urlopen(self, method, url, body, headers, *rest, **options)
        if not kept:
            kept.append(pools(*emulator))
        given = dict(self.headers if headers is None else headers)
        sent = {name: value for name, value in given.items() if call.is_kept(name)}
        if call.header == "x-cloudkit-host" and not any(name.lower() == "host" for name in sent):
            sent["Host"] = call.origin.split("://")[1]
        sent[call.header] = call.origin
        response = urlopen(kept[0], method, url, body, sent, *rest, **options)
        call.tell(response.status)
        return response

    pools.urlopen = changed


# ---- Recording --------------------------------------------------------------------------------------------------------


def record(call, response):
    """Has the emulator write an answer down. It is read whole first, and given to the function from memory."""
    headers = {name.lower(): value for name, value in response.getheaders()}
    if headers.get("content-type", "").startswith("text/event-stream"):
        return
    body = response.read()
    response.fp, response.chunked, response.length = io.BytesIO(body), False, len(body)
    for name in ("Transfer-Encoding", "Content-Length"):
        del response.headers[name]
    response.headers["Content-Length"] = str(len(body))
    if max(len(body), len(call.sent)) > RECORDED:
        return tell("→ {} {} not recorded: more than 1 MB".format(call.method, call.url.split("?")[0]))
    coding = headers.pop("content-encoding", "")
    try:
        clear = zlib.decompress(body, 47) if coding in ("gzip", "deflate") else body
    except zlib.error:
        return
    if coding not in ("", "identity", "gzip", "deflate"):
        return
    _, _, sent = call.sent.partition(b"\r\n\r\n")
    exchange = {
        "method": call.method,
        "url": call.url,
        "sent": sent.decode("utf-8", "replace"),
        "status": response.status,
        "headers": headers,
        "body": base64.b64encode(clear).decode("ascii"),
        "secrets": secrets(call.given),
    }
    post(json.dumps(exchange).encode("utf-8"))


def secrets(headers):
    """Returns the secrets of this process: they must not be written, wherever they appear."""
    given = [value for name, value in headers.items() if name.lower() in ("authorization", "cookie") or SECRET.search(name)]
    own = [value for name, value in os.environ.items() if SECRET.search(name)]
    return sorted({word for value in given + own for word in re.split(r"[\s;]+", value) if len(word) >= 8})


def post(exchange):
    head = "POST /__cloudkit/recordings HTTP/1.1\r\nHost: {}:{}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n"
    try:
        with socket.create_connection(emulator, 5) as stream:
            stream.sendall(head.format(emulator[0], emulator[1], len(exchange)).encode("ascii") + exchange)
            while stream.recv(4096):
                pass
    except OSError:
        # The call itself was good.
        pass


# ---- Imports ----------------------------------------------------------------------------------------------------------


class Imports:
    """Finds modules as they are found without it, and changes some when they have been loaded."""

    def __init__(self, changes):
        self.changes = changes

    def find_spec(self, name, path=None, target=None):
        change = self.changes.pop(name, None)
        if change is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is None or not hasattr(spec.loader, "exec_module"):
            self.changes[name] = change
            return None
        load = spec.loader.exec_module

        def load_and_change(module):
            load(module)
            change(module)

        spec.loader.exec_module = load_and_change
        return spec


def install(url, is_home, say):
    """Takes the modules in hand; `say` tells a line of the log that is not the function's own."""
    global emulator, home, tell
    found = urlsplit(url)
    emulator, home, tell = (found.hostname, found.port), is_home, say
    sys.meta_path.insert(0, Imports({"http.client": change_http, "urllib3.connectionpool": change_pools}))
