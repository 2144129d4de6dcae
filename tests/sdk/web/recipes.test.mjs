// Pages without the redirect script, that say in the program where the emulator is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ENV, prepare } from './admin.mjs'
import { browserBuild } from './page.mjs'
import { auth } from './dialects.mjs'

const { host } = new URL(window.emulator)

const RECIPES = {
  registerHost: (app) => app.registerHost(host),
  registerEndPoint(app) {
    app.registerEndPoint(`//${host}/web`, 'http')
    app.registerEndPointWithKey({ key: 'GATEWAY', url: `//${host}/v1`, protocol: 'http' })
  },
}

// A collection of this page's own.
const recipes = `recipes_${new URLSearchParams(location.search).get('sdk').replaceAll('-', '_')}`

test('recipes', async (t) => {
  await prepare(recipes)
  for (const [name, tell] of Object.entries(RECIPES)) {
    // An environment of its own: an SDK keeps what it was told for each.
    const app = browserBuild().init({ env: `${ENV}-${name.toLowerCase()}` })
    await t.test(name, { skip: !app[name] && 'not in this generation' }, async () => {
      tell(app)
      await auth(app).signInAnonymously()
      const made = await app.database().collection(recipes).add({ name })
      const { data } = await app.database().collection(recipes).doc(made.id).get()
      assert.equal(data[0].name, name)
      const { fileID } = await app.uploadFile({ cloudPath: `${recipes}/${name}.txt`, filePath: new File([name], 'a.txt') })
      assert.match(fileID, /^cloud:/)
    })
  }
})
