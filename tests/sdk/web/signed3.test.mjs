// js-sdk 3 on a server: requests of the gateway are signed with the environment's keys, and nothing is refused.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import cloudbase from 'js-sdk-3'
import { ENV, prepare } from './admin.mjs'

const { CLOUDKIT_EMULATOR_URL: url, TENCENTCLOUD_SECRETID: secretId, TENCENTCLOUD_SECRETKEY: secretKey } = process.env

const open = (auth) => {
  const app = cloudbase.init({ env: ENV, auth })
  app.registerHost(new URL(url).host)
  return app
}

test('js-sdk 3 with secret keys', async (t) => {
  await prepare('signed3')
  const app = open({ secretId, secretKey })
  const db = app.database()

  await t.test('documents are the admin\'s', async () => {
    const made = await db.collection('signed3').add({ n: 1, when: new Date(5), name: '云' })
    assert.ok(made.id, JSON.stringify(made))
    const { data } = await db.collection('signed3').where({ n: db.command.gt(0) }).orderBy('n', 'desc').get()
    assert.deepEqual(data.map(({ n, when, name, _openid }) => [n, when.getTime(), name, _openid]), [[1, 5, '云', undefined]])
    assert.equal((await db.collection('signed3').doc(made.id).update({ n: 2 })).updated, 1)
    assert.equal((await db.collection('signed3').where({ n: 2 }).remove()).deleted, 1)
  })

  await t.test('functions are called', async () => {
    const { result } = await app.callFunction({ name: 'echo', data: { n: 1 } })
    assert.equal(result.n, 1)
  })

  await t.test('a token with these rights is handed out', async () => {
    const granted = await app.auth.getClientCredential()
    assert.ok(granted.access_token, JSON.stringify(granted))
    const answer = await fetch(`${url}/v1/functions/echo`, { method: 'POST', body: '{"n":2}', headers: { authorization: `Bearer ${granted.access_token}` } })
    assert.deepEqual([answer.status, (await answer.json()).n], [200, 2])
  })

  await t.test('who signs with another key of that name is refused', async () => {
    const liar = open({ secretId, secretKey: 'wrong' })
    const answer = await liar.callFunction({ name: 'echo', data: {} }).catch((error) => error)
    assert.match(JSON.stringify(answer) + answer.message, /INVALID_ACCESS_TOKEN/)
  })
})
