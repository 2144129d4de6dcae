// A timer renews the access token for five hours; whoever reads it finds one that is good.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cloudkit, origin, wxOf } from './player.mjs'

const FIVE_HOURS = 5 * 60
const STEP = 10

test('a token that a timer renews is never stale', async () => {
  const { cloud } = wxOf('o-alice1')
  await cloudkit('clock', 'set', '2026-03-01T08:59:00+08:00')
  await cloudkit('clock', 'advance', '1m')
  const used = []
  for (let minutes = 0; minutes < FIVE_HOURS; minutes += STEP) {
    const { result } = await cloud.callFunction({ name: 'notify', data: { openid: 'o-alice1' } })
    assert.equal(result.errcode, 0, `after ${minutes} minutes: ${JSON.stringify(result)}`)
    assert.ok(result.left > 60 * 60_000, `${result.left} ms are left after ${minutes} minutes`)
    used.push(result.token)
    await cloudkit('clock', 'advance', `${STEP}m`)
  }
  // One for each hour, and each for the whole of it.
  const tokens = [...new Set(used)]
  assert.deepEqual(tokens.map((token) => used.filter((it) => it === token).length), Array(5).fill(6))
  assert.equal((await cloudkit('wechat', 'calls', 'cgi-bin/token')).length, 6)

  // Without the timer the first would be over by now.
  const url = `${origin}/__cloudkit/wechat/cgi-bin/message/custom/send?access_token=${tokens[0]}`
  const stale = await (await fetch(url, { method: 'POST', body: '{}' })).json()
  assert.ok([40001, 42001].includes(stale.errcode), JSON.stringify(stale))
})
