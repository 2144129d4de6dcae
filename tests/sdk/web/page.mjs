// A web page without a browser: jsdom's window as this process's globals, and the emulator's redirect script before the
// SDK. Its XMLHttpRequest asks the emulator for leave as a browser's does (CORS).

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { JSDOM } from 'jsdom'

const require = createRequire(import.meta.url)
const url = process.env.CLOUDKIT_EMULATOR_URL

export async function openPage() {
  const { window } = new JSDOM('', { url: 'http://localhost:5173/' })
  globalThis.window = globalThis
  for (const name of ['document', 'location', 'localStorage', 'sessionStorage', 'XMLHttpRequest', 'WebSocket', 'FormData', 'File', 'Blob', 'Event', 'CustomEvent', 'history']) {
    globalThis[name] = window[name]
  }
  Object.defineProperty(globalThis, 'navigator', { value: window.navigator, configurable: true })
  const src = `${url}/__cloudkit/redirect.js`
  const script = await (await fetch(src)).text()
  Object.defineProperty(document, 'currentScript', { value: { src }, configurable: true })
  new Function(script)()
}

// The build that bundlers take for a browser, whatever `exports` says for Node.
export function browserBuild(name) {
  const root = fileURLToPath(new URL(`../node_modules/${name}/`, import.meta.url))
  const { main } = JSON.parse(readFileSync(`${root}package.json`))
  const sdk = require(root + main)
  return sdk.default ?? sdk
}
