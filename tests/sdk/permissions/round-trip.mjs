// How long reading one document takes by each client, on the same data: `{ name: microseconds }`, for `cargo bench -- rules`.

import { prepare, server } from '../web/admin.mjs'
import { openPage } from '../web/page.mjs'
import { admin, CLIENTS } from './clients.mjs'

const TIMES = 400

await prepare('things')
await server.database().collection('things').add({ _id: 'a', _openid: 'o-alice1', text: 'x'.repeat(1000) })

async function measured(client) {
  const times = []
  for (let n = 0; n < TIMES; n++) {
    const begun = performance.now()
    if ((await client.byId()) !== 1) throw new Error('it was not found')
    times.push(performance.now() - begun)
  }
  return Math.round(times.sort((a, b) => a - b)[TIMES / 2] * 1000)
}

// Before there is a page: what runs on a server has no window.
const found = { 'node-sdk': await measured(admin(server)) }
await openPage()
for (const [name, { open }] of Object.entries(CLIENTS)) {
  const client = open(`round-trip-${name.replaceAll(/\W+/g, '-')}`)
  await client.logIn('alice')
  found[name] = await measured(client)
}
console.log(JSON.stringify(found))
process.exit()
