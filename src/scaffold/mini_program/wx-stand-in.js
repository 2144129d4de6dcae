// A stand-in for `wx` in plain Node, so that the code of a mini program can be tested without WeChat DevTools.
// 在普通 Node 中代替 `wx`，不用微信开发者工具也能测试小程序代码。
//
//   const { createWx, Program } = require('./wx-stand-in')
//   const { install } = require('../miniprogram/cloudkit/wx-cloud')
//
//   const wx = createWx()
//   install(wx, { origin: process.env.CLOUDKIT_EMULATOR_URL, openid: 'o-alice1' }).init()
//   const page = new Program({ root: 'miniprogram', wx }).page('pages/index/index')
//   await page.onLoad({})
//
// The network, storage and files are real. Any other function of `wx` (`showToast`, `navigateTo` …) succeeds, does nothing and
// is written down in `wx.calls`; put your own in its place where an answer matters: `wx.showModal = ({ success }) => …`.
'use strict'

const crypto = require('node:crypto')
const fs = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const { builtinModules, createRequire } = require('node:module')
const os = require('node:os')
const path = require('node:path')
const vm = require('node:vm')

// ---------------------------------------------------------------------------------------------------- callbacks

// Starts `work` and tells its end the way WeChat does: callbacks, or a promise when there are none.
function run(name, options = {}, work) {
  const done = Promise.resolve().then(work).then(
    (result) => ({ errMsg: `${name}:ok`, ...result }),
    (error) => { throw { errMsg: `${name}:fail ${error.message ?? error.errMsg}` } }
  )
  const { success, fail, complete } = options
  if (!success && !fail && !complete) return done
  const tell = (...listeners) => (value) => listeners.forEach((listener) => listener && setImmediate(listener, value))
  done.then(tell(success, complete), tell(fail, complete))
}

// A task whose transfer can be given up and watched.
function task(name, options, work) {
  const listeners = new Set()
  const aborting = new AbortController()
  const progress = (part, whole) => listeners.forEach((listener) =>
    listener({ progress: whole ? Math.round((part / whole) * 100) : 100, totalBytesSent: part, totalBytesExpectedToSend: whole }))
  const done = run(name, options, () => work(aborting.signal, progress))
  const handle = {
    abort: () => aborting.abort(new Error('abort')),
    onProgressUpdate: (listener) => void listeners.add(listener),
    offProgressUpdate: (listener) => void listeners.delete(listener),
    onHeadersReceived() {},
    offHeadersReceived() {}
  }
  return done ? Object.assign(done, handle) : handle
}

// ---------------------------------------------------------------------------------------------------- network

// How long WeChat waits where nothing says so; Node's own agent gives up after five seconds.
const PATIENCE = 60_000

function send(url, { method = 'GET', headers = {}, body, signal, timeout = PATIENCE }) {
  return new Promise((resolve, reject) => {
    const client = url.startsWith('https:') ? https : http
    const request = client.request(url, { method, headers, signal, timeout }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ statusCode: response.statusCode, header: response.headers, bytes: Buffer.concat(chunks) }))
    })
    request.on('timeout', () => request.destroy(new Error('timeout')))
    request.on('error', reject)
    request.end(body)
  })
}

const lowerCased = (header = {}) => Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), String(value)]))

const bufferOf = (value) => Buffer.from(ArrayBuffer.isView(value) ? value.buffer : value)

// What `wx.request` makes of `data`: a query for GET, JSON or a form for the rest.
function requestOf(options) {
  const method = (options.method ?? 'GET').toUpperCase()
  const headers = { 'content-type': 'application/json', ...lowerCased(options.header) }
  const { data } = options
  if (data === undefined || data === null) return { url: options.url, method, headers }
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return { url: options.url, method, headers, body: bufferOf(data) }
  if (typeof data === 'string') return { url: options.url, method, headers, body: data }
  if (method === 'GET') {
    const url = new URL(options.url)
    Object.entries(data).forEach(([name, value]) => url.searchParams.set(name, String(value)))
    return { url: url.href, method, headers }
  }
  const isForm = headers['content-type'].startsWith('application/x-www-form-urlencoded')
  return { url: options.url, method, headers, body: isForm ? new URLSearchParams(data).toString() : JSON.stringify(data) }
}

function parsed(bytes, { dataType = 'json', responseType = 'text' }) {
  if (responseType === 'arraybuffer') return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  const text = bytes.toString()
  if (dataType !== 'json') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const request = (options) => task('request', options, async (signal) => {
  const { url, ...rest } = requestOf(options)
  const { statusCode, header, bytes } = await send(url, { ...rest, signal, timeout: options.timeout })
  return { statusCode, header, cookies: [].concat(header['set-cookie'] ?? []), data: parsed(bytes, options) }
})

const uploadFile = (options) => task('uploadFile', options, async (signal, progress) => {
  const { url, filePath, name, formData = {}, header = {} } = options
  const boundary = `----cloudkit${crypto.randomBytes(12).toString('hex')}`
  const fields = Object.entries(formData).map(([field, value]) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`)
  const file = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${path.basename(filePath)}"\r\nContent-Type: application/octet-stream\r\n\r\n`
  const body = Buffer.concat([Buffer.from(fields.join('') + file), fs.readFileSync(filePath), Buffer.from(`\r\n--${boundary}--\r\n`)])
  const headers = { ...lowerCased(header), 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': body.length }
  progress(0, body.length)
  const { statusCode, bytes } = await send(url, { method: 'POST', headers, body, signal, timeout: options.timeout })
  progress(body.length, body.length)
  return { statusCode, data: bytes.toString() }
})

const downloadFile = (options, folder) => task('downloadFile', options, async (signal, progress) => {
  const { statusCode, header, bytes } = await send(options.url, { headers: lowerCased(options.header), signal, timeout: options.timeout })
  const target = options.filePath ?? path.join(folder(), crypto.randomUUID() + path.extname(new URL(options.url).pathname))
  fs.writeFileSync(target, bytes)
  progress(bytes.length, bytes.length)
  return { statusCode, header, [options.filePath ? 'filePath' : 'tempFilePath']: target }
})

// ---------------------------------------------------------------------------------------------------- web sockets

const TEXT = 1
const BINARY = 2
const CLOSE = 8
const PING = 9
const PONG = 10

// A frame of a client: always masked.
function frame(opcode, payload) {
  const mask = crypto.randomBytes(4)
  const head = payload.length < 126 ? Buffer.alloc(2) : Buffer.alloc(payload.length < 65536 ? 4 : 10)
  head[0] = 0x80 | opcode
  if (payload.length < 126) head[1] = 0x80 | payload.length
  else if (payload.length < 65536) (head[1] = 0x80 | 126), head.writeUInt16BE(payload.length, 2)
  else (head[1] = 0x80 | 127), head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, mask, Buffer.from(payload.map((byte, at) => byte ^ mask[at % 4]))])
}

// Takes the first whole frame of what has arrived, or nothing.
function firstFrame(bytes) {
  if (bytes.length < 2) return
  let [length, at] = [bytes[1] & 0x7f, 2]
  if (length === 126) {
    if (bytes.length < 4) return
    ;[length, at] = [bytes.readUInt16BE(2), 4]
  } else if (length === 127) {
    if (bytes.length < 10) return
    ;[length, at] = [Number(bytes.readBigUInt64BE(2)), 10]
  }
  if (bytes.length < at + length) return
  return { final: (bytes[0] & 0x80) !== 0, opcode: bytes[0] & 0x0f, payload: bytes.subarray(at, at + length), rest: bytes.subarray(at + length) }
}

function connectSocket(options) {
  const listeners = { open: [], message: [], error: [], close: [] }
  const tell = (event, value) => listeners[event].forEach((listener) => listener(value))
  const headers = {
    ...lowerCased(options.header),
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': crypto.randomBytes(16).toString('base64'),
    ...(options.protocols && { 'sec-websocket-protocol': options.protocols.join(', ') })
  }
  let socket
  let ended = false
  const end = (code, reason) => {
    if (ended) return
    ended = true
    socket?.destroy()
    tell('close', { code, reason })
  }
  const fail = (error) => {
    if (ended) return
    tell('error', { errMsg: error.message })
    end(1006, error.message)
  }
  const opening = (options.url.startsWith('wss:') ? https : http).request(options.url.replace(/^ws/, 'http'), { headers })
  opening.on('error', fail)
  opening.on('response', (response) => fail(new Error(`the server answered ${response.statusCode}`)))
  opening.on('upgrade', (response, upgraded, first) => {
    socket = upgraded
    let waiting = first
    let message = []
    const read = () => {
      for (let found; (found = firstFrame(waiting)); ) {
        waiting = found.rest
        if (found.opcode === CLOSE) return end(found.payload.length >= 2 ? found.payload.readUInt16BE(0) : 1005, found.payload.subarray(2).toString())
        if (found.opcode === PING) socket.write(frame(PONG, found.payload))
        if (found.opcode > CLOSE - 1) continue
        message.push(found)
        if (!found.final) continue
        const whole = Buffer.concat(message.map(({ payload }) => payload))
        tell('message', { data: message[0].opcode === BINARY ? new Uint8Array(whole).buffer : whole.toString() })
        message = []
      }
    }
    socket.on('data', (bytes) => {
      waiting = Buffer.concat([waiting, bytes])
      read()
    })
    socket.on('error', fail)
    socket.on('close', () => end(1006, ''))
    tell('open', { header: response.headers })
    read()
  })
  opening.end()
  return {
    onOpen: (listener) => void listeners.open.push(listener),
    onMessage: (listener) => void listeners.message.push(listener),
    onError: (listener) => void listeners.error.push(listener),
    onClose: (listener) => void listeners.close.push(listener),
    send: (given) => run('sendSocketMessage', given, () => {
      if (!socket || ended) throw new Error('the socket is not open')
      const isText = typeof given.data === 'string'
      socket.write(frame(isText ? TEXT : BINARY, isText ? Buffer.from(given.data) : bufferOf(given.data)))
    }),
    close: (given = {}) => run('closeSocket', given, () => {
      const code = Buffer.alloc(2)
      code.writeUInt16BE(given.code ?? 1000)
      if (socket && !ended) socket.write(frame(CLOSE, code))
      opening.destroy()
      end(given.code ?? 1000, given.reason ?? '')
    })
  }
}

// ---------------------------------------------------------------------------------------------------- wx

// The files of this machine.
function fileSystem() {
  const read = (file, encoding) => (encoding ? fs.readFileSync(file, encoding) : parsed(fs.readFileSync(file), { responseType: 'arraybuffer' }))
  const write = (file, data, encoding = 'utf8') => fs.writeFileSync(file, typeof data === 'string' ? data : bufferOf(data), encoding)
  return {
    readFileSync: read,
    writeFileSync: write,
    accessSync: (file) => fs.accessSync(file),
    unlinkSync: (file) => fs.unlinkSync(file),
    readFile: (options) => run('readFile', options, () => ({ data: read(options.filePath, options.encoding) })),
    writeFile: (options) => run('writeFile', options, () => write(options.filePath, options.data, options.encoding)),
    access: (options) => run('access', options, () => fs.accessSync(options.path)),
    unlink: (options) => run('unlink', options, () => fs.unlinkSync(options.filePath))
  }
}

// What lies on a phone alone, such as a canvas, a player or a manager: each of its functions does nothing and returns it, as
// chains want, and what is set on it stays.
function handle(name, calls) {
  return new Proxy({}, {
    get(target, method, self) {
      if (method in target || typeof method === 'symbol' || method === 'then') return target[method]
      return (target[method] = (options) => {
        calls.push({ name: `${name}.${method}`, options })
        return self
      })
    }
  })
}

const SCOPES = ['userInfo', 'userLocation', 'userFuzzyLocation', 'werun', 'record', 'writePhotosAlbum', 'camera', 'bluetooth', 'addPhoneContact', 'addPhoneCalendar']
const DEVICE = { platform: 'devtools', system: 'Node', brand: 'devtools', model: 'Node' }
const WINDOW = { windowWidth: 375, windowHeight: 667, screenWidth: 375, screenHeight: 667, statusBarHeight: 20, pixelRatio: 2 }
const BASE = { SDKVersion: '3.0.0', version: '8.0.0', language: 'zh_CN', theme: 'light' }
const SYSTEM = { ...DEVICE, ...WINDOW, ...BASE }

/** Makes a `wx` of its own: several stand side by side, each with its storage. */
function createWx({ appId = 'wx0000000000000000', envVersion = 'develop' } = {}) {
  const stored = new Map()
  const calls = []
  let folder
  const temporary = () => (folder ??= fs.mkdtempSync(path.join(os.tmpdir(), 'wx-stand-in-')))
  process.once('exit', () => folder && fs.rmSync(folder, { recursive: true, force: true }))
  const copy = (value) => (value === undefined ? '' : structuredClone(value))
  const storage = {
    getStorageSync: (key) => copy(stored.get(key)),
    setStorageSync: (key, value) => void stored.set(key, copy(value)),
    removeStorageSync: (key) => void stored.delete(key),
    clearStorageSync: () => stored.clear(),
    getStorageInfoSync: () => ({ keys: [...stored.keys()], currentSize: 0, limitSize: 10240 }),
    getStorage: (options) => run('getStorage', options, () => {
      if (!stored.has(options.key)) throw new Error('data not found')
      return { data: copy(stored.get(options.key)) }
    }),
    setStorage: (options) => run('setStorage', options, () => void stored.set(options.key, copy(options.data))),
    removeStorage: (options) => run('removeStorage', options, () => void stored.delete(options.key)),
    clearStorage: (options) => run('clearStorage', options, () => stored.clear())
  }
  const known = {
    ...storage,
    calls,
    request,
    uploadFile,
    downloadFile: (options) => downloadFile(options, temporary),
    connectSocket,
    env: { USER_DATA_PATH: os.tmpdir() },
    // Whoever is asked accepts.
    requestSubscribeMessage: (options = {}) => {
      calls.push({ name: 'requestSubscribeMessage', options })
      return run('requestSubscribeMessage', options, () => Object.fromEntries((options.tmplIds ?? []).map((id) => [id, 'accept'])))
    },
    getFileSystemManager: fileSystem,
    getSetting: (options) => run('getSetting', options, () => ({ authSetting: Object.fromEntries(SCOPES.map((scope) => [`scope.${scope}`, true])) })),
    getNetworkType: (options) => run('getNetworkType', options, () => ({ networkType: 'wifi' })),
    canIUse: () => true,
    getAccountInfoSync: () => ({ miniProgram: { appId, envVersion, version: '' } }),
    getSystemInfo: (options) => run('getSystemInfo', options, () => ({ ...SYSTEM })),
    getSystemInfoSync: () => ({ ...SYSTEM }),
    getDeviceInfo: () => ({ ...DEVICE }),
    getWindowInfo: () => ({ ...WINDOW }),
    getAppBaseInfo: () => ({ ...BASE }),
    getMenuButtonBoundingClientRect: () => ({ width: 87, height: 32, top: 24, right: 368, bottom: 56, left: 281 })
  }
  return new Proxy(known, {
    get(target, name) {
      if (name in target || typeof name === 'symbol' || name === 'cloud' || name === 'then') return target[name]
      // Kept, so that a test sees the same function each time.
      const only = /^get\w+Manager$/.test(name) && handle(name, calls)
      return (target[name] = (options) => {
        calls.push({ name, options })
        if (only || /^create[A-Z]/.test(name)) return only || handle(name, calls)
        if (!/Sync$|^on[A-Z]|^off[A-Z]/.test(name)) return run(name, options, () => ({}))
      })
    }
  })
}

// ---------------------------------------------------------------------------------------------------- programs

// Turns the `import` and `export` that DevTools would compile into CommonJS. Each statement stands at the beginning of a line.
function compiled(source) {
  if (!/^\s*(import|export)\s/m.test(source)) return source
  const exported = []
  const names = (list) => list.replace(/\s+as\s+/g, ': ')
  const text = source
    .replace(/^([ \t]*)import\s+['"]([^'"]+)['"]/gm, "$1require('$2')")
    .replace(/^([ \t]*)import\s+\*\s+as\s+(\w+)\s+from\s+['"]([^'"]+)['"]/gm, "$1const $2 = require('$3')")
    .replace(/^([ \t]*)import\s+(\w+)\s*,\s*(\{[^}]*\})\s+from\s+['"]([^'"]+)['"]/gm, (_, space, name, list, from) =>
      `${space}const ${name} = __default(require('${from}')), ${names(list)} = require('${from}')`)
    .replace(/^([ \t]*)import\s+(\{[^}]*\})\s+from\s+['"]([^'"]+)['"]/gm, (_, space, list, from) => `${space}const ${names(list)} = require('${from}')`)
    .replace(/^([ \t]*)import\s+(\w+)\s+from\s+['"]([^'"]+)['"]/gm, "$1const $2 = __default(require('$3'))")
    .replace(/^([ \t]*)export\s+default\s+/gm, '$1exports.default = ')
    .replace(/^([ \t]*)export\s+(const|let|var|class|function|async function)\s+(\w+)/gm, (_, space, kind, name) => {
      exported.push(`exports.${name} = ${name}`)
      return `${space}${kind} ${name}`
    })
    .replace(/^([ \t]*)export\s+\{([^}]*)\}/gm, (_, space, list) => {
      list.split(',').map((it) => it.trim().split(/\s+as\s+/)).filter(([name]) => name).forEach(([name, as = name]) => exported.push(`exports.${as} = ${name}`))
      return space
    })
  return `'use strict';Object.defineProperty(exports, '__esModule', { value: true });${text}\n;${exported.join(';')}`
}

// What `data` is declared with; a function or a promise in it stays what it is.
function copied(value) {
  if (Array.isArray(value)) return value.map(copied)
  if (value?.constructor === Object) return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, copied(it)]))
  return typeof value === 'function' || typeof value?.then === 'function' ? value : structuredClone(value)
}

const setAt = (object, name, value) => {
  const keys = name.replace(/\[(\d+)\]/g, '.$1').split('.')
  const last = keys.pop()
  keys.reduce((above, key) => (above[key] ??= {}), object)[last] = value
}

/**
 * A mini program whose files run with a `wx` of their own, each file once: `app()`, `page('pages/index/index')`,
 * `component('components/row/row')` and `require('utils/api')`.
 */
class Program {
  constructor({ root, wx, app = {} }) {
    this.root = path.resolve(root)
    this.wx = wx
    this.modules = new Map()
    this.application = app
    this.pages = []
  }

  /** Runs `app.js` up to `onLaunch`, and returns what `getApp()` returns from then on. */
  app(options = {}) {
    this.application = this.declared(['App'], 'app').what
    this.application.onLaunch?.(options)
    return this.application
  }

  /** Returns a page with its `data` and methods; the test calls `onLoad` and the rest. */
  page(name) {
    const { kind, what } = this.declared(['Page', 'Component'], name)
    const page = kind === 'Page' ? this.instance(what) : this.componentOf(what)
    this.pages.push(Object.assign(page, { route: name }))
    return page
  }

  /** Returns a component: its methods at the top, properties in `data`, what it triggers in `triggered`. */
  component(name) {
    return this.componentOf(this.declared(['Component'], name).what)
  }

  componentOf({ methods = {}, properties = {}, data, lifetimes = {}, ...rest }) {
    const defaults = Object.entries(properties).map(([key, property]) => [key, property?.value])
    const made = this.instance({ ...rest, ...lifetimes, ...methods, data: { ...Object.fromEntries(defaults), ...data } })
    made.triggered = []
    made.triggerEvent = (event, detail) => void made.triggered.push({ event, detail })
    made.properties = made.data
    return made
  }

  /** Returns what a file exports. */
  require(name) {
    return this.load(this.resolve(path.join(this.root, name)))
  }

  instance(declared) {
    // Nothing is drawn, so there is no component to be selected.
    const drawn = {
      selectComponent: () => null,
      selectAllComponents: () => [],
      getRelationNodes: () => [],
      getTabBar: () => (fs.existsSync(path.join(this.root, 'custom-tab-bar/index.js')) ? this.component('custom-tab-bar/index') : null),
      createSelectorQuery: () => this.wx.createSelectorQuery(),
      createIntersectionObserver: () => this.wx.createIntersectionObserver(),
      getOpenerEventChannel: () => handle('eventChannel', this.wx.calls),
      animate() {},
      clearAnimation() {}
    }
    const made = { ...drawn, ...declared, data: copied(declared.data ?? {}) }
    made.setData = (values, done) => {
      Object.entries(values).forEach(([name, value]) => setAt(made.data, name, value))
      done?.call(made)
    }
    return made
  }

  declared(kinds, name) {
    const file = this.resolve(path.join(this.root, name))
    this.modules.delete(file)
    let found
    this.receive = (kind, what) => { if (kinds.includes(kind)) found = { kind, what } }
    this.load(file)
    if (!found) throw new Error(`${name} declares no ${kinds.join(' or ')}`)
    return found
  }

  resolve(file) {
    const candidates = [file, `${file}.js`, path.join(file, 'index.js')]
    const found = candidates.find((it) => fs.statSync(it, { throwIfNoEntry: false })?.isFile())
    if (!found) throw new Error(`module '${path.relative(this.root, file)}' is not defined`)
    return found
  }

  load(file) {
    if (this.modules.has(file)) return this.modules.get(file).exports
    const module = { exports: {} }
    this.modules.set(file, module)
    const find = (wanted) => {
      if (wanted.startsWith('.')) return this.load(this.resolve(path.resolve(path.dirname(file), wanted)))
      if (wanted.startsWith('/')) return this.load(this.resolve(path.join(this.root, wanted)))
      const own = [path.join(this.root, 'miniprogram_npm', wanted), path.resolve(path.dirname(file), wanted)]
      const there = own.find((it) => [it, `${it}.js`, path.join(it, 'index.js')].some((file) => fs.existsSync(file)))
      if (there && !builtinModules.includes(wanted)) return this.load(this.resolve(there))
      return createRequire(file)(wanted)
    }
    const given = {
      module,
      exports: module.exports,
      require: find,
      wx: this.wx,
      App: (it) => this.receive?.('App', it),
      Page: (it) => this.receive?.('Page', it),
      Component: (it) => this.receive?.('Component', it),
      Behavior: (it) => it,
      getApp: () => this.application,
      getCurrentPages: () => this.pages,
      requirePlugin: (name) => handle(name, this.wx.calls),
      __default: (it) => (it?.__esModule ? it.default : it)
    }
    vm.compileFunction(compiled(fs.readFileSync(file, 'utf8')), Object.keys(given), { filename: file })(...Object.values(given))
    return module.exports
  }
}

module.exports = { createWx, Program }
