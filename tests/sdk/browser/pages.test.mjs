// The scenarios of `web/` in a real browser, by each way that leads a page to the emulator.

import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { visit } from './chromium.mjs'
import { site } from './site.mjs'

const PAGES = { js3: 'js-sdk-3', js2: 'js-sdk-2', js1: 'js-sdk-1', tcb1: 'tcb-js-sdk' }

// With `--intercept` the page is as in production: the platform's own names, over TLS where the SDK says so.
const { https_proxy: proxy, NODE_EXTRA_CA_CERTS: authority } = process.env
// With `RESOLVED` the browser is told that the names are the emulator's, and has no proxy.
const { host } = new URL(process.env.CLOUDKIT_EMULATOR_URL)
const names = ['tcb-api.tencentcloudapi.com', '*.tcb-api.tencentcloudapi.com', '*.tcloudbasegateway.com']
const way = process.env.RESOLVED ? `--host-resolver-rules=${names.map((name) => `MAP ${name} ${host}`)}` : `--proxy-server=${proxy}`
const flags = proxy ? [way, `--ignore-certificate-errors-spki-list=${keyOf(authority)}`] : []
const pages = Object.entries(PAGES).map(([name, sdk]) => [name, { sdk, test: name, ...(proxy ? {} : { redirect: '' }) }])
if (!proxy) {
  for (const sdk of ['js-sdk-3', 'js-sdk-2']) pages.push([`${sdk} by a line of its own`, { sdk, test: 'recipes' }])
}

/** Names a certificate's key as Chromium does: of this authority alone it takes certificates. */
function keyOf(file) {
  const key = new X509Certificate(readFileSync(file)).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(key).digest('base64')
}

for (const [name, query] of pages) {
  test(`${name} in Chromium`, async (t) => {
    const { url, told, close } = await site(new URLSearchParams(query))
    try {
      const { found, error } = await visit(url, told, flags)
      if (error) throw new Error(error)
      for (const { name, error, skip } of found) {
        await t.test(name, { skip }, () => { if (error) throw new Error(error) })
      }
    } finally {
      close()
    }
  })
}
