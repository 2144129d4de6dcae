// A code becomes a session, the session a record, the record's id a token, and the token its owner's page.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browserBuild, openPage } from '../web/page.mjs'
import { cloudkit, origin, wxOf } from './player.mjs'

const login = async (code) => {
  const response = await fetch(`${origin}/login?${new URLSearchParams({ code })}`)
  return { status: response.status, ...await response.json() }
}

test('a code becomes a session, a record and a token', async (t) => {
  const alice = wxOf('o-alice1')
  const { code } = await alice.login()
  const { status, ticket } = await login(code)
  assert.equal(status, 200)
  const [player] = await cloudkit('db', 'query', 'players')
  assert.deepEqual([player._id, player.logins, Buffer.from(player.sessionKey, 'base64').length], ['o-alice1', 1, 16])

  await openPage()
  const page = browserBuild('js-sdk-3').init({ env: 'shop-1a2b3c' })
  const auth = page.auth({ persistence: 'local' })

  const me = async (token) => {
    await auth.signInWithCustomTicket(async () => token)
    return (await page.callFunction({ name: 'me' })).result
  }

  await t.test('the page of each is told its own record', async () => {
    assert.deepEqual(await me(ticket), { id: 'o-alice1', logins: 1 })
    const bob = await login((await wxOf('o-bob2').login()).code)
    assert.deepEqual(await me(bob.ticket), { id: 'o-bob2', logins: 1 })
  })

  await t.test('the record itself is not for pages', async () => {
    const answer = await page.database().collection('players').get().catch((error) => error)
    assert.match(answer.code, /PERMISSION/)
  })

  await t.test('a second login is the same record and the same session', async () => {
    await login((await alice.login()).code)
    const players = await cloudkit('db', 'query', 'players', '--where', '{"_id": "o-alice1"}')
    assert.deepEqual(players.map(({ logins, sessionKey }) => [logins, sessionKey]), [[2, player.sessionKey]])
  })

  await t.test('a used, an old and an invented code are nobody', async () => {
    assert.deepEqual(await login(code), { status: 401, error: 40163 })
    const { code: old } = await alice.login()
    await cloudkit('clock', 'advance', '6m')
    assert.deepEqual(await login(old), { status: 401, error: 40029 })
    assert.deepEqual(await login('invented'), { status: 401, error: 40029 })
    assert.equal((await cloudkit('db', 'query', 'players')).length, 2)
  })
})
