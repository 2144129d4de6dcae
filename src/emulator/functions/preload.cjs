// Sends what the server SDKs (every generation) and direct calls of the platform's hosts would send to the cloud to the
// emulator instead. Loaded by `NODE_OPTIONS=--require`, in functions and in what `emulate -- CMD` starts.
//
// A request keeps its `Host` (but for `fetch`, which always writes its own) and gets one header more, `x-cloudkit-host:
// scheme://host`. Calls of other hosts pass through `outside.cjs`, and so do those of WeChat's: a fixture goes before the
// stand-in, and both are told in the log.
'use strict';

const PLATFORM = [
  // Data and control plane: `ENV.internal.REGION.tcb-api.tencentcloudapi.com`, `scf.tencentcloudapi.com`, `tcb-ws…`.
  /(^|\.)tencentcloudapi\.com$/,
  // `tcb-admin.tencentyun.com`, `tcb-open.tencentyun.com`, `metadata.tencentyun.com`.
  /(^|\.)tencentyun\.com$/,
  /\.api\.(intl\.)?tcloudbasegateway\.com$/,
  /\.service\.tcloudbase\.com$/,
  /\.tcb\.qcloud\.la$/,
  /\.tcb-api\.tencentcloudapi\.com$/,
  // Buckets: `BUCKET.cos.REGION.myqcloud.com`, and of the management SDK `BUCKET.cos.REGION.tencentcos.cn`.
  /\.cos(-internal)?\.[a-z0-9-]+\.(myqcloud\.com|tencentcos\.cn)$/,
];
const WECHAT = /^(((sh|sz|hk)\.)?api|api2)\.weixin\.qq\.com$/;

function install(address) {
  const http = require('http');
  const https = require('https');
  const { request } = http;

  const isPlatform = (host) => PLATFORM.some((pattern) => pattern.test(host));

  // Returns what was asked for as one options object: `(url, options, callback)` has three forms.
  function normalize(input, options, callback) {
    if (typeof input === 'string') input = new URL(input);
    if (!(input instanceof URL)) return { options: { ...input }, callback: options };
    if (typeof options === 'function') [options, callback] = [undefined, options];
    const { protocol, hostname, port, pathname, search, username, password } = input;
    const from = { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), path: pathname + search };
    if (port) from.port = Number(port);
    if (username || password) from.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { options: { ...from, ...options }, callback };
  }

  const hostOf = (options) => String(options.hostname || options.host || '').replace(/:\d+$/, '');

  function hasHeader(headers, wanted) {
    return Object.keys(headers).some((name) => name.toLowerCase() === wanted);
  }

  // Headers come as an object, or as a flat list of names and values.
  function headersOf(headers) {
    if (!Array.isArray(headers)) return { ...headers };
    const [flat, named] = [headers.flat(), {}];
    for (let i = 0; i + 1 < flat.length; i += 2) named[flat[i]] = flat[i + 1];
    return named;
  }

  function withOrigin(headers, host, origin) {
    const named = headersOf(headers);
    if (!hasHeader(named, 'host')) named.Host = host;
    named['x-cloudkit-host'] = origin;
    return named;
  }

  // One pool of connections for each host, as the real hosts have: axios 0.27 leaves a timeout armed on a connection it
  // gives back, and node-sdk 3 asks `metadata.tencentyun.com` by axios before it uploads with a timeout of 1 ms.
  const agents = new Map();
  function agentFor(host) {
    if (!agents.has(host)) agents.set(host, new http.Agent({ keepAlive: true }));
    return agents.get(host);
  }

  // Returns the options of a request that goes to the emulator instead, by the connections kept for `host`.
  function aimed(options, host, headers) {
    const changed = {
      ...options,
      protocol: 'http:',
      hostname: address.hostname,
      host: address.hostname,
      port: address.port,
      // The caller's agent may be one for TLS, which refuses plain HTTP.
      agent: options.agent === false ? false : agentFor(host),
      headers,
    };
    const meant = ['lookup', 'servername', 'createConnection', 'socketPath', 'defaultPort', '_defaultAgent', 'setHost'];
    for (const name of meant) delete changed[name];
    return changed;
  }

  function redirect(options, scheme) {
    const host = options.port ? `${hostOf(options)}:${options.port}` : hostOf(options);
    return aimed(options, host, withOrigin(options.headers, host, `${scheme}://${host}`));
  }

  let outside;
  const outsideOf = () => (outside ??= require('./outside.cjs')({ address, request, aimed, headersOf }));
  const isEmulator = (host, port) => host === address.hostname && String(port) === address.port;

  for (const [module, scheme] of [[http, 'http'], [https, 'https']]) {
    const original = module.request;
    module.request = function (input, given, then) {
      const { options, callback } = normalize(input, given, then);
      const host = hostOf(options);
      if (isEmulator(host, options.port)) return original.apply(this, arguments);
      if (isPlatform(host)) return request.call(http, redirect(options, scheme), callback);
      const isWechat = WECHAT.test(host);
      const send = () =>
        isWechat ? request.call(http, redirect(options, scheme), callback) : original.apply(this, arguments);
      return outsideOf().request(send, scheme, options, host, callback, isWechat);
    };
    module.get = function (input, options, callback) {
      const sent = module.request(input, options, callback);
      sent.end();
      return sent;
    };
  }

  const { fetch } = globalThis;
  function fetchHere(input, init) {
    const asked = input instanceof Request ? input : undefined;
    const url = new URL(asked ? asked.url : String(input));
    const { host, protocol } = url;
    const headers = new Headers(init?.headers ?? asked?.headers);
    headers.set('x-cloudkit-host', `${protocol}//${host}`);
    url.protocol = address.protocol;
    url.host = address.host;
    return fetch(asked ? new Request(url, asked) : url, { ...init, headers });
  }

  if (fetch) {
    globalThis.fetch = function (input, init) {
      const url = new URL(input instanceof Request ? input.url : String(input));
      if (!/^https?:$/.test(url.protocol) || isEmulator(url.hostname, url.port)) return fetch.apply(this, arguments);
      if (isPlatform(url.hostname)) return fetchHere(input, init);
      const isWechat = WECHAT.test(url.hostname);
      return outsideOf().fetch(isWechat ? fetchHere : fetch, input, init, isWechat);
    };
  }

  if (process.env.CLOUDKIT_OFFLINE) outsideOf().refuse();
  require('module').syncBuiltinESMExports();
}

if (process.env.CLOUDKIT_EMULATOR_URL) {
  install(new URL(process.env.CLOUDKIT_EMULATOR_URL));
}
