// Runs the scenario inside a function of each SDK generation, with no change to the SDK.
// Started by `cloudkit emulate -- npm test`: the environment says where the emulator is.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import tcb from '@cloudbase/node-sdk'

const app = tcb.init({ env: process.env.CLOUDKIT_ENV_ID })
const generations = readdirSync(fileURLToPath(new URL('functions', import.meta.url))).filter((name) => /\d/.test(name))

assert.ok(generations.length >= 9, `only ${generations.length} generations found`)

for (const name of generations) {
  test(name, { concurrency: false }, async (t) => {
    const { result } = await app.callFunction({ name, data: { op: 'steps' } })
    for (const [step, outcome] of Object.entries(result)) {
      await t.test(step, { skip: outcome === 'skipped' && 'not in this generation' }, () => assert.equal(outcome, 'ok'))
    }
  })
}
