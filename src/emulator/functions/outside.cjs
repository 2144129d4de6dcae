// Calls of hosts that are not the platform's: told in the log, answered by a fixture file, or refused without being
// dialled. Loaded at the first such call, or at once with `--offline`.
//
// `outside.json` beside this file is the emulator's word: which requests fixtures answer, and whether answers are
// recorded. Those requests go to the emulator with one header more, `x-cloudkit-outside: scheme://host`.
'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');

const RULES = path.join(__dirname, 'outside.json');
const REFUSED = 'ECLOUDKIT_OFFLINE';
// What is recorded at most of one body, in bytes.
const RECORDED = 1024 * 1024;
const SECRET = /token|secret|passw|api_?key|access_?key|signature|^sign?$|^sig$|credential|session_?key|^auth/i;

const HOME = /^(localhost|.*\.localhost|127(\.\d+){3}|::1|::|0\.0\.0\.0|::ffff:127(\.\d+){3})$/i;

const { performance } = globalThis;

// ---- What the emulator says ---------------------------------------------------------------------------------------

let rules = { fixtures: [] };
let stamp = '';

// Reads the rules again when they were written since.
function current() {
  try {
    const { mtimeMs, ino, size } = fs.statSync(RULES);
    if (stamp !== `${mtimeMs} ${ino} ${size}`) {
      const read = JSON.parse(fs.readFileSync(RULES, 'utf8'));
      for (const fixture of read.fixtures) {
        fixture.url = new RegExp(fixture.url);
        fixture.query = fixture.query.map(([name, value]) => [name, new RegExp(value)]);
      }
      rules = read;
      stamp = `${mtimeMs} ${ino} ${size}`;
    }
  } catch {
    // The emulator is gone: what it said last counts.
  }
  return rules;
}

// Tells whether a fixture is there for a request, whatever body it asks for.
function isAnswered(method, url) {
  const { fixtures } = current();
  if (!fixtures.length) return false;
  const { origin, pathname, searchParams } = new URL(url);
  return fixtures.some(
    (it) =>
      (!it.method || it.method === method) &&
      // What is recorded for one body says nothing of others.
      !(it.with && rules.record) &&
      it.url.test(origin + pathname) &&
      it.query.every(([name, value]) => searchParams.getAll(name).some((given) => value.test(given))),
  );
}

// Names what answers in the place of the real host.
function answerer(method, url, isStandIn) {
  return isAnswered(method, url) ? 'fixture' : isStandIn && 'stand-in';
}

// ---- The log ------------------------------------------------------------------------------------------------------

// The bootstrap of a function hears this; elsewhere nobody does.
const TOLD = Symbol.for('cloudkit.outside');

const isSecret = (name) => SECRET.test(name);

// The URL as it may be shown: without passwords and the values of parameters that hold secrets.
function shown(url) {
  return url
    .replace(/^(\w+:\/\/)[^/@]*@/, '$1')
    .replace(/([?&])([^=&#]+)=[^&#]*/g, (whole, before, name) => (isSecret(name) ? `${before}${name}=…` : whole));
}

function tell(method, url, outcome, began, how) {
  const taken = Math.round(performance.now() - began);
  globalThis[TOLD]?.(`→ ${method} ${shown(url)} ${outcome} ${taken} ms${how ? ` (${how})` : ''}`);
}

function tellError(method, url, error, began, how) {
  const refused = [error, error?.cause].find((it) => it?.code === REFUSED);
  if (refused) refused.told = true;
  const codes = [error?.cause?.code, error?.code, error?.name];
  const why = codes.find((it) => typeof it === 'string') ?? 'failed';
  tell(method, url, refused ? 'refused' : why, began, refused ? '--offline' : how);
}

// ---- Refusing -----------------------------------------------------------------------------------------------------

const isHome = (host) => HOME.test(String(host).replace(/^\[|\]$/g, ''));

function refusal(host, call) {
  const message =
    `\`${host}\` was not dialled: the emulator runs with --offline; ` +
    'answer it with a file in fixtures/http, or start without --offline';
  const error = Object.assign(new Error(message), { code: REFUSED, hostname: host, syscall: call });
  // What no request of HTTP tells, such as a database's driver.
  setTimeout(() => {
    if (!error.told) globalThis[TOLD]?.(`→ ${call} ${host} refused (--offline)`);
  }, 0).unref();
  return error;
}

// The forms of `connect`: options, port and host, path; `net.connect` has made the first of them already.
function target(args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (first !== null && typeof first === 'object') return first;
  return Number.isNaN(Number(first)) ? { path: first } : { port: first, host: args[1] };
}

function refuseConnections(emulator) {
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const { host, path, port } = target(args);
    if (path || typeof host !== 'string' || isHome(host) || host === emulator.hostname) return connect.apply(this, args);
    this.connecting = true;
    const error = refusal(`${host}:${port}`, 'connect');
    process.nextTick(() => this.destroy(error));
    return this;
  };
}

function refuseNames() {
  const dns = require('dns');
  const names = ['lookup', 'lookupService', 'reverse', ...Object.keys(dns).filter((name) => /^resolve/.test(name))];
  const refuse = (owner, rejects) => {
    for (const name of names) {
      const original = owner[name];
      if (typeof original !== 'function') continue;
      owner[name] = function (host, ...rest) {
        if (!host || isHome(host)) return original.call(this, host, ...rest);
        const error = refusal(host, 'dns');
        if (rejects) return Promise.reject(error);
        process.nextTick(rest.at(-1), error);
        return {};
      };
    }
  };
  refuse(dns, false);
  refuse(dns.Resolver.prototype, false);
  refuse(dns.promises, true);
  refuse(dns.promises.Resolver.prototype, true);
}

// ---- Recording ----------------------------------------------------------------------------------------------------

// Secrets of this process: they must not be written, wherever they appear.
function secrets(headers) {
  const given = Object.entries(headers).filter(([name]) => /^(authorization|cookie)$/i.test(name) || isSecret(name));
  const own = Object.entries(process.env).filter(([name]) => isSecret(name));
  const values = [...given, ...own].flatMap(([, value]) => String(value).split(/[\s;]+/));
  return [...new Set(values)].filter((value) => value.length >= 8);
}

// Keeps what passes, unless it is too much.
function keeper() {
  let parts = [];
  let length = 0;
  return {
    add(chunk, encoding) {
      if (chunk === null || chunk === undefined || !parts) return;
      const part = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
      length += part.length;
      if (length > RECORDED) parts = null;
      else parts.push(part);
    },
    body: () => parts && Buffer.concat(parts),
  };
}

function decoded(body, encoding) {
  const zlib = require('zlib');
  const decode = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync, br: zlib.brotliDecompressSync }[encoding];
  return decode ? decode(body) : body;
}

module.exports = ({ address, request, aimed, headersOf }) => {
  function record(method, url, sent, status, headers, body, requestHeaders) {
    if (!sent || !body) return globalThis[TOLD]?.(`→ ${method} ${shown(url)} not recorded: more than 1 MB`);
    let clear = body;
    try {
      clear = decoded(body, headers['content-encoding']);
    } catch {
      return;
    }
    const exchange = JSON.stringify({
      method,
      url,
      sent: sent.toString('utf8'),
      status,
      headers,
      body: clear.toString('base64'),
      secrets: secrets(requestHeaders),
    });
    const { hostname, port } = address;
    const post = request({ hostname, port, method: 'POST', path: '/__cloudkit/recordings', agent: false });
    post.on('error', () => {}).on('response', (answer) => answer.resume());
    post.end(exchange);
  }

  // Sees the end of a request of `http` without a listener, which would change what Node does with an answer.
  function watch(sent, method, url, how, recorded) {
    const began = performance.now();
    const body = recorded && keeper();
    if (recorded) {
      for (const name of ['write', 'end']) {
        const original = sent[name];
        sent[name] = function (chunk, encoding) {
          if (typeof chunk !== 'function') body.add(chunk, encoding);
          return original.apply(this, arguments);
        };
      }
    }
    let told = false;
    const { emit } = sent;
    const value = function (event, given) {
      if (!told && (event === 'response' || event === 'upgrade' || event === 'connect')) {
        told = true;
        tell(method, url, given.statusCode, began, how);
        if (recorded && event === 'response') recordAnswer(given, method, url, body, sent);
      } else if (!told && (event === 'error' || event === 'close')) {
        told = true;
        tellError(method, url, event === 'error' ? given : { code: 'aborted' }, began, how);
      }
      return emit.apply(this, arguments);
    };
    Object.defineProperty(sent, 'emit', { value, configurable: true, writable: true });
  }

  // Node pushes what arrives, whether the function listens yet or not.
  function recordAnswer(answer, method, url, body, sent) {
    const kept = keeper();
    const { push } = answer;
    answer.push = function (chunk, encoding) {
      kept.add(chunk, encoding);
      if (chunk === null && answer.complete !== false) {
        record(method, url, body.body(), answer.statusCode, answer.headers, kept.body(), sent.getHeaders());
      }
      return push.call(this, chunk, encoding);
    };
  }

  const isRecorded = (url) => current().record && !isHome(new URL(url).hostname);

  // Headers of a request that the emulator answers from a fixture.
  function toEmulator(headers, url) {
    const kept = Object.entries(headersOf(headers)).filter(([name]) => !/^(host|origin|expect)$/i.test(name));
    return { ...Object.fromEntries(kept), 'x-cloudkit-outside': new URL(url).origin };
  }

  function answered(options, url) {
    const { pathname, search } = new URL(url);
    return { ...aimed(options, 'outside', toEmulator(options.headers, url)), path: pathname + search };
  }

  function urlOf(scheme, options, host) {
    const path = String(options.path || '/');
    // A request to a proxy has the whole URL in its path.
    if (/^https?:\/\//.test(path)) return path;
    const port = options.port && Number(options.port) !== (scheme === 'https' ? 443 : 80) ? `:${options.port}` : '';
    const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host || 'localhost';
    return `${scheme}://${name}${port}${path.startsWith('/') ? path : `/${path}`}`;
  }

  return {
    // Sends a request of `http` or `https`; `send` does it as it was meant, or to the emulator's stand-in for the host.
    request(send, scheme, options, host, callback, isStandIn) {
      const method = String(options.method || 'GET').toUpperCase();
      const url = urlOf(scheme, options, host);
      // A tunnel and a path in the file system are no requests yet.
      if (options.socketPath || method === 'CONNECT' || !URL.canParse(url)) return send();
      const how = answerer(method, url, isStandIn);
      const sent = how === 'fixture' ? request(answered(options, url), callback) : send();
      watch(sent, method, url, how, !how && isRecorded(url));
      return sent;
    },

    async fetch(fetch, input, init, isStandIn) {
      const asked = input instanceof Request ? input : undefined;
      const url = new URL(asked ? asked.url : String(input));
      const method = String(init?.method ?? asked?.method ?? 'GET').toUpperCase();
      const began = performance.now();
      const how = answerer(method, url.href, isStandIn);
      const recorded = !how && isRecorded(url.href);
      const headers = Object.fromEntries(new Headers(init?.headers ?? asked?.headers));
      let answer;
      try {
        if (how === 'fixture') {
          const local = new URL(url.pathname + url.search, address);
          const changed = { ...init, headers: toEmulator(headers, url.href) };
          answer = await (asked ? fetch(new Request(local, asked), changed) : fetch(local, changed));
          Object.defineProperty(answer, 'url', { value: url.href, configurable: true });
        } else {
          answer = await fetch(input, init);
        }
      } catch (error) {
        if (error?.cause?.code === REFUSED) error.message += `: ${error.cause.message}`;
        tellError(method, url.href, error, began, how);
        throw error;
      }
      tell(method, url.href, answer.status, began, how);
      if (recorded) {
        const body = typeof init?.body === 'string' ? init.body : String(init?.body instanceof URLSearchParams ? init.body : '');
        answer.clone().arrayBuffer().then(
          (bytes) => {
            const short = bytes.byteLength <= RECORDED && Buffer.from(bytes);
            const received = Object.fromEntries(answer.headers);
            // Its body has been decoded.
            delete received['content-encoding'];
            record(method, url.href, Buffer.from(body), answer.status, received, short, headers);
          },
          () => {},
        );
      }
      return answer;
    },

    refuse() {
      refuseConnections(address);
      refuseNames();
    },
  };
};
