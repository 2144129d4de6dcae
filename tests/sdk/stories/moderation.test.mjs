// A post is judged: its text at once, its picture when WeChat calls back. Until then it is private.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cloudkit, wxOf } from './player.mjs'

const folder = mkdtempSync(join(tmpdir(), 'cloudkit-post-'))
after(() => rmSync(folder, { recursive: true }))
const [alice, bob] = [wxOf('o-alice1'), wxOf('o-bob2')]

async function publish(text, name) {
  const filePath = join(folder, name)
  writeFileSync(filePath, '\x89PNG', 'latin1')
  const { fileID } = await alice.cloud.uploadFile({ cloudPath: `posts/${name}`, filePath })
  return (await alice.cloud.callFunction({ name: 'post', data: { text, picture: fileID } })).result
}

const shown = async (wx) => {
  const where = wx === alice ? { _openid: 'o-alice1' } : { private: false }
  const { data } = await wx.cloud.database().collection('posts').where(where).get()
  return data.map(({ text, private: isPrivate }) => [text, isPrivate])
}

test('a post is moderated', async (t) => {
  // The clock stands still: a result comes when a test says so.
  await cloudkit('clock', 'set', '2026-03-01T09:00:00+08:00')

  await t.test('a risky text is refused at once', async () => {
    assert.deepEqual(await publish('a cloudkit-risky word', 'a.png'), { refused: 20006 })
    assert.deepEqual(await shown(alice), [])
  })

  await t.test('a picture is private until WeChat calls back', async () => {
    const { _id } = await publish('my garden', 'garden.png')
    assert.deepEqual([await shown(alice), await shown(bob)], [[['my garden', true]], []])
    const direct = await bob.cloud.database().collection('posts').doc(_id).get().catch((error) => error)
    assert.match(direct.errMsg, /permission/i)
    await cloudkit('clock', 'advance', '1m')
    assert.deepEqual([await shown(alice), await shown(bob)], [[['my garden', false]], [['my garden', false]]])
  })

  await t.test('a risky picture is taken away and the post stays private', async () => {
    const { _id } = await publish('look', 'cloudkit-risky.png')
    await cloudkit('clock', 'advance', '1m')
    assert.deepEqual(await shown(bob), [['my garden', false]])
    const { data } = await alice.cloud.database().collection('posts').doc(_id).get()
    assert.deepEqual([data.private, data.picture, data.label], [true, null, 20006])
    const files = (await cloudkit('storage', 'list', 'posts/')).map(({ path }) => path)
    assert.deepEqual(files.filter((path) => path.includes('risky')), [])
  })

  await t.test('what WeChat was asked is in the inbox', async () => {
    const asked = await cloudkit('wechat', 'calls', 'security.mediaCheckAsync')
    assert.deepEqual(asked.map(({ body }) => [body.openid, body.scene, /^http/.test(body.media_url)]), Array(2).fill(['o-alice1', 3, true]))
  })
})
