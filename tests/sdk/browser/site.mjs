// The site that the pages under test come from: the scenarios of `web/`, the SDKs as one script each, and the few things
// of Node that the scenarios use.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { builtinModules, createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as admin from '../web/admin.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const emulator = process.env.CLOUDKIT_EMULATOR_URL

/** Packs a CommonJS program as bundlers do: what browsers run of `js-sdk-1` and the others. */
function pack(entry) {
  const files = new Map()
  const add = (file) => {
    if (files.has(file)) return
    const text = file.endsWith('.json') ? `module.exports = ${readFileSync(file)}` : readFileSync(file, 'utf8')
    const found = {}
    files.set(file, { text, found })
    const { resolve } = createRequire(file)
    for (const [, name] of text.matchAll(/\brequire\(["']([^"']+)["']\)/g)) {
      try {
        // A name with a slash at its end is a package even where Node has a module of that name.
        add(found[name] = resolve(builtinModules.includes(name) ? `${name}/` : name))
      } catch {
        // Not there for a browser: what asks for it all the same fails, or has a way without.
      }
    }
  }
  add(entry)
  const modules = [...files].map(([file, { text, found }]) =>
    `${JSON.stringify(file)}: [function (module, exports, require) {${text}\n}, ${JSON.stringify(found)}]`)
  return `(() => {
    // What bundlers of those days gave to programs that look for Node.
    const process = { env: {}, browser: true, nextTick: queueMicrotask }, global = window
    const modules = {${modules.join(',\n')}}, made = {}
    const load = (file) => {
      if (!file) throw new Error('not in a browser')
      if (!made[file]) {
        const module = made[file] = { exports: {} }
        modules[file][0].call(module.exports, module, module.exports, (name) => load(modules[file][1][name]))
      }
      return made[file].exports
    }
    const sdk = load(${JSON.stringify(entry)})
    window.sdk = sdk.default ?? sdk
  })()`
}

function sdk(name) {
  const folder = join(root, 'node_modules', name)
  return pack(join(folder, JSON.parse(readFileSync(join(folder, 'package.json'))).main))
}

const IMPORTS = { 'node:test': '/browser/in-page/test.mjs', 'node:assert/strict': '/browser/in-page/assert.mjs', '/web/admin.mjs': '/browser/in-page/admin.mjs', '/web/page.mjs': '/browser/in-page/page.mjs' }

function page(query) {
  const redirect = query.has('redirect') ? `<script src="${emulator}/__cloudkit/redirect.js"></script>` : ''
  return `<!doctype html><meta charset="utf-8">${redirect}
    <script>window.emulator = ${JSON.stringify(emulator)}; window.onerror = (why) => fetch('/told', { method: 'POST', body: JSON.stringify({ error: String(why) }) })</script>
    <script src="/sdk/${query.get('sdk')}.js"></script>
    <script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
    <script type="module" src="${query.get('module') ?? `/web/${query.get('test')}.test.mjs`}"></script>`
}

const body = async (request) => {
  let text = ''
  for await (const part of request) text += part
  return text && JSON.parse(text)
}

/** Serves one page; `told` resolves to what its tests found. */
export async function site(query) {
  let tell
  const told = new Promise((resolve) => { tell = resolve })
  const answer = async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost')
    const send = (type, text) => response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(text)
    if (pathname === '/') return send('text/html', page(searchParams))
    if (pathname === '/told') { tell(await body(request)); return send('text/plain', '') }
    if (pathname === '/admin') {
      const { name, words } = await body(request)
      return send('application/json', JSON.stringify((await admin[name](...words)) ?? null))
    }
    const bundled = /^\/sdk\/([\w-]+)\.js$/.exec(pathname)
    if (bundled) return send('text/javascript', sdk(bundled[1]))
    if (/^\/(web|browser\/in-page|stories)\/[\w.-]+\.mjs$/.test(pathname)) return send('text/javascript', readFileSync(join(root, pathname)))
    response.writeHead(404).end()
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.writeHead(500).end(String(error.stack)))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://localhost:${server.address().port}/?${query}`, told, close: () => { server.closeAllConnections(); server.close() } }
}
