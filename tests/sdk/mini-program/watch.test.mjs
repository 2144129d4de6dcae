// `watch()` of `wx.cloud`, behind a network that may fail at any moment.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { listen } from '../realtime/scenario.mjs'
import { prepare } from '../web/admin.mjs'
import { createWx, install } from './files.mjs'

const origin = process.env.CLOUDKIT_EMULATOR_URL
const folder = mkdtempSync(join(tmpdir(), 'wx-watch-'))
const permit = (collection, rule) => execFileSync(process.env.CLOUDKIT, ['rules', 'set', collection, rule], { cwd: folder })

// A network between the emulator and the sockets of a program.
const network = createServer((client) => {
  const server = connect(new URL(origin).port, '127.0.0.1')
  const pair = { client, server }
  lines.add(pair)
  for (const [it, other] of [[client, server], [server, client]]) {
    it.on('data', (bytes) => pair.mute || other.write(bytes))
    it.on('error', () => {})
    it.on('close', () => pair.mute || other.destroy())
  }
  client.on('close', () => lines.delete(pair))
})
const lines = new Set()

// As a lost network does it: neither side says anything.
function cut() {
  const count = lines.size
  for (const { client, server } of lines) client.destroy(), server.destroy()
  return count
}

// Called when a program has noticed that its connection is lost.
let lost = () => {}

function program(openid) {
  const wx = createWx()
  const { connectSocket } = wx
  wx.connectSocket = (options) => {
    const url = new URL(options.url)
    url.port = network.address().port
    const task = connectSocket({ ...options, url: url.href })
    task.onClose(() => lost())
    return task
  }
  install(wx, { origin, openid }).init()
  return wx.cloud.database()
}

let alice, bob
const open = (heard) => heard.length > 0
const told = ({ heard }) => heard.map(({ docChanges }) => docChanges.map(({ dataType, queueType, docId }) => `${dataType}/${queueType}/${docId}`).join(' '))
const numbered = ({ heard }) => assert.deepEqual(heard.map(({ id }) => id), heard.map((_, at) => at + 1), 'each event once')

before(async () => {
  await new Promise((resolve) => network.listen(0, '127.0.0.1', resolve))
  await prepare('seen', 'private')
  writeFileSync(join(folder, 'open.json'), '{"read": true, "write": true}')
  permit('seen', join(folder, 'open.json'))
  ;[alice, bob] = [program('o-alice'), program('o-bob')]
})
after(() => {
  cut()
  network.close()
  rmSync(folder, { recursive: true })
})

test('a document is watched from before it is there until the watch is closed', async () => {
  const doc = alice.collection('seen').doc('one')
  const [list, other] = [listen(doc), listen(alice.collection('seen').where({ _id: 'one' }))]
  await Promise.all([list.until(open), other.until(open)])
  assert.deepEqual([list.heard[0].type, list.docs()], ['init', []])
  await bob.collection('seen').add({ data: { _id: 'one', n: 1, o: { p: 1 } } })
  await doc.update({ data: { n: bob.command.inc(1), o: { p: 2 } } })
  await doc.set({ data: { n: 9 } })
  await doc.remove()
  await list.until((heard) => heard.length === 5)
  assert.deepEqual(told(list), ['', 'add/enqueue/one', 'update/update/one', 'replace/update/one', 'remove/dequeue/one'])
  assert.deepEqual(list.heard.map(({ docs }) => docs.map(({ n }) => n)), [[], [1], [2], [9], []])
  numbered(list)
  await list.close()
  await bob.collection('seen').add({ data: { _id: 'one', n: 2 } })
  await other.until((heard) => heard.length === 6)
  assert.equal(list.heard.length, 5, 'a closed watch hears nothing')
  await Promise.all([other.close(), other.close()])
})

test('whatever the network does, each event is heard once and in order', async () => {
  const list = listen(alice.collection('seen').where({ cut: true }))
  await list.until(open)
  for (let n = 0; n < 40; n += 1) {
    if (n % 8 === 3) assert.ok(cut() > 0)
    await bob.collection('seen').add({ data: { _id: `c${n}`, cut: true } })
    // The next loss comes while the program is away, before it has heard anything, or after.
    if (n % 8 === 6) await list.until((heard) => heard.length === n + 2)
  }
  await list.until((heard) => heard.length === 41)
  assert.deepEqual(told(list).slice(1), Array.from({ length: 40 }, (_, n) => `add/enqueue/c${n}`))
  assert.deepEqual(list.docs().map(({ _id }) => _id), Array.from({ length: 40 }, (_, n) => `c${n}`))
  numbered(list)
  await list.close()
})

test('a watch that begins while the connection is lost begins once', async (t) => {
  const first = listen(alice.collection('seen').where({ late: 1 }))
  await first.until(open)
  // The program is about to come back by itself.
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const gone = new Promise((resolve) => (lost = resolve))
  cut()
  await gone
  const second = listen(alice.collection('seen').where({ late: 2 }))
  t.mock.timers.tick(0)
  await bob.collection('seen').add({ data: { _id: 'late-1', late: 1 } })
  await first.until((heard) => heard.length === 2)
  await second.until(open)
  await bob.collection('seen').add({ data: { _id: 'late-2', late: 2 } })
  await second.until((heard) => heard.length === 2)
  assert.deepEqual([told(first), told(second)], [['', 'add/enqueue/late-1'], ['', 'add/enqueue/late-2']])
  await Promise.all([first.close(), second.close()])
})

test('a connection that was lost without a word is noticed', { timeout: 60_000 }, async (t) => {
  const list = listen(bob.collection('seen').where({ mute: true }))
  // The first ping is yet to be set.
  t.mock.timers.enable({ apis: ['setInterval'] })
  await list.until(open)
  assert.ok(lines.size > 0)
  for (const line of lines) line.mute = true
  await alice.collection('seen').add({ data: { _id: 'm', mute: true } })
  t.mock.timers.tick(10_000)
  t.mock.timers.tick(10_000)
  await list.until((heard) => heard.length === 2)
  assert.deepEqual(told(list), ['', 'add/enqueue/m'])
  numbered(list)
  await list.close()
})

test('a permission that changes is heard', async () => {
  for (const [db, _id] of [[alice, 'hers'], [bob, 'his']]) await db.collection('private').add({ data: { _id } })
  const list = listen(alice.collection('private'))
  await list.until(open)
  assert.deepEqual(list.docs().map(({ _id }) => _id), ['hers'])
  permit('private', 'READONLY')
  await list.until((heard) => heard.length === 2)
  assert.equal(told(list)[1], 'limit/enqueue/his')
  permit('private', 'PRIVATE')
  await list.until((heard) => heard.length === 3)
  assert.equal(told(list)[2], 'limit/dequeue/his')
  await bob.collection('private').add({ data: { _id: 'secret' } })
  await alice.collection('private').add({ data: { _id: 'more' } })
  await list.until((heard) => heard.length === 4)
  assert.deepEqual([told(list)[3], list.docs().map(({ _id }) => _id)], ['add/enqueue/more', ['hers', 'more']])
  numbered(list)
  permit('private', 'ADMINONLY')
  await assert.rejects(list.until((heard) => heard.length === 5), ({ cause }) => cause.errCode === -502003)
  await assert.rejects(listen(alice.collection('private')).until(open), ({ cause }) => cause.errCode === -502003)
})
