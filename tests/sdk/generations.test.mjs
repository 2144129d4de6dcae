// Runs the scenario inside a function of each SDK generation, with no change to the SDK.
// Started by `cloudkit emulate -- npm test`: the environment says where the emulator is.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import tcb from '@cloudbase/node-sdk'
import { prepare } from './cases.mjs'

const app = tcb.init({ env: process.env.CLOUDKIT_ENV_ID, timeout: 60_000 })
const generations = readdirSync(fileURLToPath(new URL('functions', import.meta.url))).filter((name) => /\d/.test(name))

const casesFor = await prepare()

assert.ok(generations.length >= 9, `only ${generations.length} generations found`)

// Calls a function as a mini-program user; other functions are called by the functions themselves.
async function as(openid, name, data) {
  const args = ['fn', 'invoke', name, '--as', openid, '--data', JSON.stringify(data), '--json']
  const { stdout } = await promisify(execFile)(process.env.CLOUDKIT, args).catch((failed) => failed)
  const answer = JSON.parse(stdout)
  assert.ok(answer.ok, stdout)
  return answer.result
}

for (const [at, name] of generations.entries()) {
  test(name, { concurrency: false }, async (t) => {
    const { result } = await app.callFunction({ name, data: { op: 'steps' } })
    for (const [step, outcome] of Object.entries(result)) {
      await t.test(step, { skip: outcome === 'skipped' && 'not in this generation' }, () => assert.equal(outcome, 'ok'))
    }
    await t.test('cases', async () => {
      const { result } = await app.callFunction({ name, data: { op: 'cases', cases: await casesFor(name) } })
      assert.deepEqual(result.wrong, [])
      assert.ok(result.ran >= 25, `only ${result.ran} cases could be said`)
    })
    await t.test('identity', async () => {
      const { OPENID, fromEvent } = await as('o-alice1', name, { op: 'identity' })
      assert.deepEqual([OPENID, fromEvent], ['o-alice1', 'o-alice1'])
    })
    await t.test('identity of a nested call', async () => {
      const to = generations[(at + 1) % generations.length]
      const { OPENID } = await as('o-bob2', name, { op: 'relay', to })
      assert.equal(OPENID, 'o-bob2')
    })
  })
}
