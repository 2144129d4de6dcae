// Runs one function in this process, one call at a time, for the emulator at the other end of file descriptor 0.
// What is in `bootstrap/` is joined to this text, and shares its names.
//
// Frames in:  u32 length, kind, body.  I: settings as JSON.  C: u32 length of a JSON head, the head, the event as JSON.
//                                      T: before I, the file that says what to run for TypeScript files.
//                                      W: asks what the process waits for.
// Frames out: u32 length, kind, u32 number, text.  D: loaded, files as JSON; again for files loaded later.
//   B: not loadable, why.
//   L: a log line, number = level.  R: result, number = memory in KiB.  F: fault, number = kind.  X: as F, and the
//   process ends.  M: before F, X and an exit, number = memory in KiB.  O: a call of a host outside.  A: work goes on
//   after the answer.  W: what the process waits for.
'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');
const util = require('util');
const { Console } = require('console');
const { Readable } = require('stream');
const { StringDecoder } = require('string_decoder');
const { pathToFileURL } = require('url');
const Module = require('module');

const CHANNEL = 0;
const DEBUG = 0;
const INFO = 1;
const WARN = 2;
const ERROR = 3;
const CODE = 0;
const EVENT = 1;
const RESULT = 2;
// Characters of JSON; the platform's limit of a result.
const RESULT_LIMIT = 6 * 1024 * 1024;
// How long after an answer work is looked for that still goes on, in milliseconds.
const LINGER = 50;
// Files told of at most.
const MOST_FILES = 4096;
// Modules at most in which a syntax error is looked for.
const MOST_CHECKED = 16;
// Causes that are told of an error, and errors that it stands for: all together, however they lead to one another.
const MOST_CAUSES = 16;
// Characters of one log record.
const LONGEST_LINE = 64 * 1024;

// What the function may put something else in the place of: fake clocks, polyfills, wrappers.
const { readSync, writeSync, readFileSync } = fs;
const { parse, stringify } = JSON;
const RealDate = Date;
const { now } = Date;
const { log2, round } = Math;
const { assign, defineProperties, defineProperty, entries, keys } = Object;
const { isArray } = Array;
const { wait } = Atomics;
const { setTimeout } = globalThis;
const { allocUnsafe, byteLength, concat, from } = Buffer;
const { rss } = process.memoryUsage;
const exit = process.exit.bind(process);
// A method as a function of what it belongs to.
const plain = (method) => Function.prototype.call.bind(method);
const writeText = plain(Buffer.prototype.write);
const writeNumber = plain(Buffer.prototype.writeUInt32BE);
const readNumber = plain(Buffer.prototype.readUInt32BE);
const readText = plain(Buffer.prototype.utf8Slice);
const subarray = plain(Buffer.prototype.subarray);
const codeAt = plain(String.prototype.charCodeAt);
const startsWith = plain(String.prototype.startsWith);
const kindOf = plain(Object.prototype.toString);

let settings;
let handler;
// The call in progress: {id, answered…}; null between calls.
let call = null;
let watching = false;

// ---- Failures -----------------------------------------------------------------------------------------------------

// A function's own frames are what helps; those of this file, of its hook and of Node do not.
function cleanStack(stack) {
  const foreign = /^\s+at .*\(?(node:|data:text\/javascript,)/;
  const own = stack.split('\n').filter((line) => !line.includes(__filename) && !foreign.test(line));
  return shown(own.join('\n').trimEnd());
}

// Has a text name the project's files instead of a deployed copy's, where they are the same: those are the ones to edit.
function shown(text) {
  const [copy, source] = [settings.folder + path.sep, settings.source + path.sep];
  if (!settings.source || !text.includes(copy)) return text;
  return text.split(copy).reduce((before, after) => {
    const [file] = /^[^:()'"`\n]*/.exec(after);
    return before + (isSame(copy + file, source + file) ? source : copy) + after;
  });
}

function isSame(one, other) {
  try {
    return readFileSync(one, 'utf8') === readFileSync(other, 'utf8');
  } catch {
    return false;
  }
}

function describe(error) {
  try {
    return worded(error);
  } catch {
    // The function has put something else in the place of what words are made with.
    try {
      return `${error?.stack ?? toText(error)}`;
    } catch {
      return kindOf(error);
    }
  }
}

function worded(error) {
  if (util.types.isNativeError(error) || error instanceof Error) {
    return cleanStack(String(error.stack || error.message || error));
  }
  const text = typeof error === 'string' ? error : toText(error);
  return `${text}(callback err is not instance of Error)`;
}

function toText(value) {
  try {
    return stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

// Returns the line of the user's own code that a stack points at, with a caret under it, as Node shows a crash.
function excerpt(stack) {
  for (const line of stack.split('\n')) {
    const found = /^\s+at .*?\(?((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/.exec(line);
    if (!found) continue;
    const file = found[1].replace(/^file:\/\//, '');
    if (!file.startsWith(settings.folder) || file.includes('/node_modules/')) continue;
    try {
      const source = readFileSync(file, 'utf8').split('\n')[found[2] - 1];
      if (source === undefined || source.length > 300) return '';
      const indent = source.slice(0, found[3] - 1).replace(/[^\t]/g, ' ');
      return `${shown(`${file}:${found[2]}`)}\n${source}\n${indent}^\n`;
    } catch {
      return '';
    }
  }
  return '';
}

// Tells what led to an error, as Node shows it: its cause, and that one's; of one that stands for several, each.
function origins(error, left = { count: MOST_CAUSES }) {
  if (!(error instanceof Error)) return '';
  const found = error.cause === undefined ? [] : [['cause', error.cause]];
  if (isArray(error.errors)) found.push(...error.errors.slice(0, MOST_CAUSES).map((it) => ['error', it]));
  const told = ([word, it]) => {
    if (left.count-- <= 0) return '';
    const text = it instanceof Error ? cleanStack(String(it.stack || it.message || it)) : toText(it);
    return `\n[${word}]: ${text}${origins(it, left)}`.replaceAll('\n', '\n  ');
  };
  return found.map(told).join('');
}

function logFailure(error, text) {
  let place = '';
  let led = '';
  try {
    if (error && error.stack) place = excerpt(String(error.stack));
    led = origins(error);
  } catch {
    // As above.
  }
  say(ERROR, place + text + led);
}

// ---- One call -----------------------------------------------------------------------------------------------------

function answer(kind, number, text) {
  flushOut();
  flushErr();
  call = null;
  channel.ref();
  if (kind === 'F') tellMemory();
  send(kind, number, text);
  if (!watching) {
    watching = true;
    setTimeout(lookForWork, LINGER).unref();
  }
}

function succeed(its, value) {
  if (call !== its) return;
  let text;
  try {
    text = stringify(value) ?? 'null';
  } catch (error) {
    return refuse(its, `stringify response to json failed: ${String(error?.message ?? error)}`);
  }
  if (text.length > RESULT_LIMIT) return refuse(its, 'body size is too long');
  answer('R', residentMemory(), text);
}

function refuse(its, text) {
  if (call !== its) return;
  say(ERROR, text);
  answer('F', RESULT, text);
}

function fail(its, error) {
  if (call !== its) return;
  const text = describe(error);
  logFailure(error, text);
  answer('F', CODE, text);
}

// `process.env` as the function sees it. The variables of a call stay in here: each one that went into the process's own
// environment would stay in memory for good (glibc's `setenv` frees nothing), and differ from call to call.
const env = { ...process.env };
let lent = {};

function shareVariables() {
  const own = process.env;
  process.env = new Proxy(env, {
    set(target, name, value) {
      const text = `${value}`;
      target[name] = text;
      // Node itself looks there, at `TZ` for one.
      if (!(name in lent)) own[name] = text;
      return true;
    },
    deleteProperty(target, name) {
      delete own[name];
      return delete target[name];
    },
  });
}

// Variables of the call before are taken away: a warm process must not lend one caller's identity to the next.
function setVariables(variables) {
  for (const name in lent) if (!(name in variables)) delete env[name];
  for (const name in variables) env[name] = variables[name];
  lent = variables;
}

const VARIABLES = Symbol('variables');

// What a context writes when it is read. Shared, because a getter made anew for each call costs as much as the call.
const WRITTEN = {
  environment: writtenAs(stringify),
  environ: writtenAs((variables) => entries(variables).map((pair) => pair.join('=')).join(';')),
};

function writtenAs(write) {
  const get = function () {
    return write({ ...this[VARIABLES], SCF_NAMESPACE: settings.envId });
  };
  return { get, configurable: true, enumerable: true };
}

function makeContext(head, done) {
  const deadline = now() + settings.timeLimit;
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    memory_limit_in_mb: settings.memory,
    time_limit_in_ms: settings.timeLimit,
    request_id: head.id,
    function_version: '$LATEST',
    function_name: settings.name,
    namespace: settings.envId,
    tencentcloud_region: settings.region,
    tencentcloud_appid: '1250000001',
    tencentcloud_uin: '100000000001',
    getRemainingTimeInMillis: () => Math.max(0, deadline - now()),
    getContext: () => context,
    done,
    succeed: (value) => done(null, value),
    fail: (error) => done(error ?? new Error('fail')),
  };
  defineProperty(context, VARIABLES, { value: head.variables });
  return defineProperties(context, WRITTEN);
}

// Set once the emulator's clock was moved: tells `Date` how far.
let moveClock;

// Writes what only the platform may say into an event; what else a client has in `userInfo` stays beside it.
function write(event, own) {
  const { userInfo } = event;
  assign(event, own);
  if (!own.userInfo || userInfo === null || typeof userInfo !== 'object' || isArray(userInfo)) return;
  event.userInfo = { ...own.userInfo, ...userInfo, ...own.userInfo };
}

function begin(head, text) {
  const its = (call = { id: head.id, pending: undefined });
  channel.unref();
  setVariables(head.variables);
  if (head.offset) moveClock ??= require('./clock.cjs')(RealDate, now);
  moveClock?.(head.offset ?? 0);
  let event;
  try {
    event = text ? parse(text) : {};
  } catch (error) {
    return answer('F', EVENT, `event is not valid JSON: ${error.message}`);
  }
  if (head.merge && event !== null && typeof event === 'object') write(event, head.merge);
  let isDone = false;
  const done = (error, value) => {
    if (isDone) return;
    isDone = true;
    if (error !== null && error !== undefined) return fail(its, error);
    if (context.callbackWaitsForEmptyEventLoop) its.pending = value;
    else succeed(its, value);
  };
  const context = makeContext(head, done);
  const takesCallback = handler.length >= 3;
  let returned;
  try {
    returned = handler(event, context, done);
  } catch (error) {
    return fail(its, error);
  }
  if (returned !== null && typeof returned === 'object' && typeof returned.then === 'function') {
    returned.then(
      (value) => {
        if (value !== undefined || !takesCallback) succeed(its, value);
      },
      (error) => fail(its, error),
    );
  } else if (returned !== undefined && !takesCallback) {
    // With three parameters the answer comes by the callback, and what is returned is by the way: a timer, a chain.
    succeed(its, returned);
  }
}

// Nothing is left to wait for: the callback's value is the answer, or nothing is.
process.on('beforeExit', () => {
  if (call) succeed(call, call.pending);
});

// ---- The end of the process ---------------------------------------------------------------------------------------

function die(error) {
  const text = describe(error);
  tellMemory();
  // Between calls the end is told first, so that no call comes here that would read of this one's failure.
  const between = !call;
  if (between) send('X', CODE, text);
  logFailure(error, text);
  if (!between) send('X', CODE, text);
  exit(1);
}

process.on('uncaughtException', (error) => {
  // A function with a handler of its own has taken the matter in hand.
  if (process.listenerCount('uncaughtException') === 1) die(error);
});

process.exit = (code) => {
  flushOut();
  flushErr();
  const shown = code ?? process.exitCode ?? 0;
  const { stack } = new Error(`process.exit(${shown}) was called`);
  say(ERROR, excerpt(stack) + cleanStack(stack));
  tellMemory();
  exit(code);
};

// ---- Loading ------------------------------------------------------------------------------------------------------

const EXTENSIONS = ['', '.js', '.cjs', '.mjs', '.ts', '.mts', '.cts'];

function entryFile(name) {
  const files = EXTENSIONS.map((extension) => path.join(settings.folder, name + extension));
  const found = files.find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
  if (!found) throw new Error(`Cannot find module '${files[1]}': the handler is \`${settings.handler}\``);
  return found;
}

function isModule(file) {
  if (/\.m[jt]s$/.test(file)) return true;
  if (/\.c[jt]s$/.test(file)) return false;
  try {
    return parse(readFileSync(path.join(settings.folder, 'package.json'), 'utf8')).type === 'module';
  } catch {
    return false;
  }
}

// TypeScript: what to run for each file, as the emulator compiled it.
let scripts = null;

function compiled(file) {
  const script = scripts[file];
  if (!script) throw new Error(`'${file}' is not among the function's TypeScript files: import it by a literal path`);
  const code = script.commonjs ?? script.module;
  if (code) return readFileSync(code, 'utf8');
  const error = new SyntaxError(script.mistake);
  error.stack = script.mistake;
  throw error;
}

// Has `require` find TypeScript where the JavaScript it becomes is meant, and stack traces show it.
function takeTypescript(table) {
  scripts = parse(readFileSync(table, 'utf8'));
  process.setSourceMapsEnabled?.(true);
  for (const extension of ['.ts', '.cts', '.mts']) {
    Module._extensions[extension] = (module, file) => module._compile(compiled(file), file);
  }
  const { _resolveFilename } = Module;
  Module._resolveFilename = function (request, ...rest) {
    try {
      return _resolveFilename.call(this, request, ...rest);
    } catch (error) {
      const source = request.replace(/\.([cm]?)js$/, '.$1ts');
      if (source === request) throw error;
      return _resolveFilename.call(this, source, ...rest);
    }
  };
}

// `NODE_PATH` does not count for `import`: this hook looks there for what a function's own folders lack.
// It runs in a thread of its own, and tells by a port what is loaded.
const HOOK = `
import { readFileSync } from 'fs';
import { fileURLToPath } from 'url';
let parents, scripts, port;
export const initialize = (data) => { ({ parents, scripts, port } = data); };
const scriptOf = (url) => scripts && url.startsWith('file:') && scripts[fileURLToPath(url)];
export async function load(url, context, next) {
  if (url.startsWith('file:')) port.postMessage(fileURLToPath(url));
  const script = scriptOf(url);
  if (!script) return next(url, context);
  if (script.mistake) throw new SyntaxError(script.mistake);
  const format = script.commonjs ? 'commonjs' : 'module';
  return { format, source: readFileSync(script[format]), shortCircuit: true };
}
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    const source = specifier.replace(/\\.([cm]?)js$/, '.$1ts');
    if (scripts && source !== specifier) {
      try { return await next(source, context); } catch {}
    }
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || /^(\\.|\\/|file:)/.test(specifier)) throw error;
    for (const parentURL of parents) {
      try { return await next(specifier, { ...context, parentURL }); } catch {}
    }
    throw error;
  }
}`;

async function importModule(file) {
  if (Module.register) {
    const parents = settings.modules.map((folder) => pathToFileURL(path.join(folder, '..', 'index.js')).href);
    const { port1, port2: port } = new MessageChannel();
    imported = port1;
    const data = { parents, scripts, port };
    Module.register(`data:text/javascript,${encodeURIComponent(HOOK)}`, { data, transferList: [port] });
  }
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError && startsWith(String(error.stack), 'SyntaxError')) place(error, file);
    throw error;
  }
}

// Has a syntax error of an ES module name its place, as one of `require` does: Node tells it only to who asks for a check.
function place(error, entry) {
  const { spawnSync } = require('child_process');
  const files = importedFiles();
  if (!files.length) files.push(entry);
  // The module that broke off the loading was among the last.
  for (const file of files.reverse().filter((file) => !file.includes('/node_modules/')).slice(0, MOST_CHECKED)) {
    const env = { ...process.env, NODE_OPTIONS: '' };
    const { stderr } = spawnSync(process.execPath, ['--check', file], { env, encoding: 'utf8', timeout: 10_000 });
    const [told] = String(stderr).split(/\n\s+at /);
    if (told.endsWith(`SyntaxError: ${error.message}`)) {
      error.stack = told;
      return;
    }
  }
}

// Says which file it is that plain Node cannot read: the function itself is JavaScript, so nothing was compiled.
function refuseTypescript() {
  if (scripts || process.features.typescript) return;
  for (const extension of ['.ts', '.cts', '.mts']) {
    Module._extensions[extension] ??= (module, file) => {
      const error = new SyntaxError(
        `${file} is TypeScript, and this function is JavaScript: name its entry index.ts, so that all of it is compiled, ` +
          'or have the `main` of the package name JavaScript',
      );
      error.stack = `SyntaxError: ${error.message}`;
      throw error;
    };
  }
}

async function loadModule(file) {
  refuseTypescript();
  if (isModule(file)) return importModule(file);
  try {
    return require(file);
  } catch (error) {
    if (error.code === 'ERR_REQUIRE_ESM' || error.code === 'ERR_REQUIRE_ASYNC_MODULE') return importModule(file);
    throw error;
  }
}

// Says what a module has in the place of its handler.
function instead(module, method) {
  if (method in Object(module)) {
    const value = module[method];
    const kind = Array.isArray(value) ? 'array' : typeof value;
    const shown = value === null || value === undefined ? value : `${/^[ao]/.test(kind) ? 'an' : 'a'} ${kind}`;
    return `exports \`${method}\` as ${shown}`;
  }
  const exported = Object.keys(Object(module)).join('`, `');
  return `has no \`${method}\`, ${exported ? `it exports \`${exported}\`` : 'it exports nothing'}`;
}

async function load() {
  const dot = settings.handler.lastIndexOf('.');
  const [name, method] = [settings.handler.slice(0, dot), settings.handler.slice(dot + 1)];
  const entry = entryFile(name);
  const module = await loadModule(entry);
  handler = module?.[method] ?? module?.default?.[method];
  if (typeof handler !== 'function') {
    throw new Error(`handler \`${settings.handler}\` is not a function: ${path.basename(entry)} ${instead(module, method)}`);
  }
  handler = handler.bind(module);
  return entry;
}

// Opens the inspector at the function's port, which a process of older code may still hold.
function openInspector() {
  const inspector = require('inspector');
  inspector.open(process.debugPort, '127.0.0.1');
  if (!inspector.url()) setTimeout(openInspector, 100).unref();
}

async function initialize(body) {
  settings = parse(body);
  if (process.debugPort) openInspector();
  try {
    const entry = await load();
    send('D', 0, loadedFiles(entry));
    tellLaterFiles();
  } catch (error) {
    const text = describe(error);
    flushOut();
    flushErr();
    send('B', 0, text);
    exit(1);
  }
}
