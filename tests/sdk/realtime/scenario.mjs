// What `watch()` promises, said once for every SDK that has it. The other side is a mini program with `wx.cloud`.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createWx, install } from '../mini-program/files.mjs'
import { prepare } from '../web/admin.mjs'
import { cut } from './sockets.mjs'

// The SDKs tell the console of each frame.
for (const name of ['log', 'warn', 'error', 'info', 'debug']) console[name] = () => {}

export function miniProgram(openid) {
  const wx = createWx()
  install(wx, { origin: process.env.CLOUDKIT_EMULATOR_URL, openid }).init()
  return wx.cloud.database()
}

// A listener, what it heard, and a way to wait for more.
export function listen(query) {
  const heard = []
  const waiting = []
  let failure
  const settle = () => {
    for (const it of [...waiting]) {
      if (failure) it.reject(failure)
      else if (it.holds(heard)) it.resolve(heard)
      else continue
      waiting.splice(waiting.indexOf(it), 1)
    }
  }
  const watcher = query.watch({
    onChange(snapshot) {
      heard.push(snapshot)
      settle()
    },
    onError(error) {
      failure ??= Object.assign(new Error(`the watch ended: ${JSON.stringify(error)} ${error.errMsg ?? ''}`), { cause: error })
      settle()
    },
  })
  const until = (holds) => new Promise((resolve, reject) => {
    waiting.push({ holds, resolve, reject })
    settle()
  })
  return { heard, until, close: () => watcher.close(), docs: () => heard.at(-1).docs }
}

const open = (it) => it.length > 0
const changes = (snapshot) => snapshot.docChanges.map(({ dataType, queueType, docId }) => `${dataType}/${queueType}/${docId}`)
const ids = (docs) => docs.map(({ _id }) => _id).sort()

// `dialect.open()` returns a database.
export function scenario(name, dialect) {
  const collection = `watched_${name}`
  const rooms = `rooms_${name}`

  test(name, { concurrency: false, timeout: 180_000 }, async (t) => {
    await prepare(collection, rooms, `closed_${name}`)
    const folder = mkdtempSync(join(tmpdir(), 'realtime-'))
    const everybody = join(folder, 'rules.json')
    writeFileSync(everybody, '{"read": true, "write": true}')
    // Elsewhere than in a project, whose manifest would be changed.
    const permit = (it, rule) => execFileSync(process.env.CLOUDKIT, ['rules', 'set', it, rule], { cwd: folder })
    for (const it of [collection, rooms]) permit(it, everybody)
    permit(`closed_${name}`, 'ADMINONLY')
    rmSync(folder, { recursive: true })

    const db = await dialect.open()
    const _ = db.command
    const [all, bob] = [db.collection(collection), miniProgram('o-bob').collection(collection)]

    await t.test('a listener sees what happens to its query', async () => {
      const list = listen(all.where({ room: 'r' }))
      await list.until(open)
      assert.deepEqual([list.heard[0].type, list.heard[0].docs], ['init', []])
      const steps = [
        [() => all.add({ _id: 'a', room: 'r', n: 1, o: { p: 1, q: 1 }, tags: ['x'] }), 'add/enqueue/a'],
        [() => all.doc('a').update({ n: _.inc(1), o: { p: 2 }, tags: _.push(['y']) }), 'update/update/a'],
        [() => all.doc('a').update({ 'o.q': _.remove() }), 'update/update/a'],
        [() => all.doc('a').set({ room: 'r', n: 5 }), 'replace/update/a', dialect.setMerges && 'update/update/a'],
        [() => all.doc('a').update({ room: 'other' }), 'update/dequeue/a'],
        [() => all.doc('a').update({ room: 'r' }), 'update/enqueue/a'],
        [() => bob.add({ data: { _id: 'b', room: 'r' } }), 'add/enqueue/b'],
        [() => all.where({ room: 'r' }).update({ n: 0 }), 'update/update/a update/update/b'],
        [() => all.doc('a').remove(), 'remove/dequeue/a'],
      ]
      for (const [write, expected, instead] of steps) {
        const before = list.heard.length
        await write()
        await list.until((it) => it.length > before)
        assert.equal(changes(list.heard.at(-1)).join(' '), instead || expected)
        assert.equal(list.heard.length, before + 1)
        const { data } = await all.where({ room: 'r' }).get()
        assert.deepEqual(ids(list.docs()), ids(data))
        for (const doc of data) assert.deepEqual(list.docs().find(({ _id }) => _id === doc._id), doc)
      }
      assert.deepEqual(list.heard.map(({ id }) => id), list.heard.map((_, at) => at + 1))
      const one = listen(all.doc('b'))
      await one.until(open)
      assert.deepEqual(one.docs().map(({ _id }) => _id), ['b'])
      await bob.doc('b').remove()
      await one.until((it) => it.length === 2)
      assert.deepEqual(one.docs(), [])
      list.close()
      one.close()
    })

    await t.test('an ordered listener sees the first few', { skip: dialect.unordered && 'its client cannot' }, async () => {
      for (const n of [1, 2, 3]) await all.add({ _id: `s${n}`, score: n })
      const best = listen(all.where({ score: _.gt(0) }).orderBy('score', 'desc').limit(2))
      await best.until(open)
      assert.deepEqual(best.docs().map(({ _id }) => _id), ['s3', 's2'])
      await all.add({ _id: 's9', score: 9 })
      await best.until((it) => it.length === 2)
      assert.deepEqual(changes(best.heard[1]).sort(), ['add/enqueue/s9', 'limit/dequeue/s2'])
      await all.doc('s9').remove()
      await best.until((it) => it.length === 3)
      assert.deepEqual(ids(best.docs()), ['s2', 's3'])
      best.close()
    })

    await t.test('two people chat', async () => {
      const alice = listen(all.where({ chat: 1 }))
      const other = listen(bob.where({ chat: 1 }))
      await Promise.all([alice.until(open), other.until(open)])
      for (let n = 0; n < 20; n += 1) {
        if (n % 2) await bob.add({ data: { chat: 1, from: 'bob', n } })
        else await all.add({ chat: 1, from: 'alice', n })
      }
      for (const it of [alice, other]) {
        await it.until((heard) => heard.length === 21)
        assert.deepEqual(it.docs().map(({ n, from }) => [n, from]), Array.from({ length: 20 }, (_, n) => [n, n % 2 ? 'bob' : 'alice']))
        it.close()
      }
    })

    await t.test('a dropped socket loses nothing and doubles nothing', async () => {
      const list = listen(all.where({ lost: true }))
      await list.until(open)
      await all.add({ _id: 'l0', lost: true })
      await list.until((it) => it.length === 2)
      assert.ok(cut() > 0)
      for (const n of [1, 2, 3]) await bob.add({ data: { _id: `l${n}`, lost: true } })
      await list.until((it) => it.length === 5)
      assert.deepEqual(ids(list.docs()), ['l0', 'l1', 'l2', 'l3'])
      assert.deepEqual(list.heard.map(({ id }) => id), [1, 2, 3, 4, 5])
      list.close()
    })

    await t.test('two players keep a room in step for a minute of the game', async () => {
      const frames = 15 * 60
      const [mine, theirs] = [db.collection(rooms), miniProgram('o-player').collection(rooms)]
      await mine.add({ _id: 'room', frames: { p1: 0, p2: 0 } })
      const views = [listen(mine.doc('room')), listen(theirs.doc('room'))]
      await Promise.all(views.map((it) => it.until(open)))
      const play = async (move) => {
        for (let frame = 1; frame <= frames; frame += 1) await move(frame)
      }
      await Promise.all([
        play((frame) => mine.doc('room').update({ 'frames.p1': frame })),
        play((frame) => theirs.doc('room').update({ data: { 'frames.p2': frame } })),
      ])
      await Promise.all(views.map((it) => it.until((heard) => heard.length === 1 + 2 * frames)))
      const [one, other] = views.map((it) => it.heard.map(({ docs }) => docs[0].frames))
      assert.deepEqual(one, other, 'both saw the same moves in the same order')
      for (let at = 1; at < one.length; at += 1) {
        const step = [one[at].p1 - one[at - 1].p1, one[at].p2 - one[at - 1].p2]
        assert.ok(step.join() === '1,0' || step.join() === '0,1', `${at}: ${step}`)
      }
      views.forEach((it) => it.close())
    })

    await t.test('what may not be read cannot be watched', { skip: dialect.admin && 'a server may' }, async () => {
      await assert.rejects(listen(db.collection(`closed_${name}`).where({ a: 1 })).until(open), /COLLECTION_PERMISSION_DENIED/)
    })
  })
}
