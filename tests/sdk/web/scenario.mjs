// What every generation of web SDK does, said once; what differs is in `dialect`.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cloudkit, ENV, prepare, ticketFor } from './admin.mjs'

export function scenario(generation, dialect) {
  const todos = `todos_${generation}`
  const custom = `member-${generation}`

  test(generation, { concurrency: false }, async (t) => {
    await prepare(todos)
    const app = await dialect.open(ENV)
    const db = app.database()
    const _ = db.command

    await t.test('an anonymous user keeps the uid of the device', async () => {
      const first = await dialect.anonymous(app)
      assert.ok(first)
      assert.equal(await dialect.anonymous(app), first)
    })

    await t.test('documents are added, read, changed and removed', async () => {
      const made = await db.collection(todos).add({ n: 1, tags: ['a'], when: new Date(1700000000123), at: { x: 1 } })
      const id = made.id ?? made._id
      assert.ok(id, JSON.stringify(made))
      const { data } = await db.collection(todos).doc(id).get()
      assert.equal(data[0].n, 1)
      assert.equal(data[0].when.getTime(), 1700000000123)
      assert.equal((await db.collection(todos).doc(id).update({ n: _.inc(2), at: { y: 2 }, tags: _.push(['b']) })).updated, 1)
      const changed = (await db.collection(todos).doc(id).get()).data[0]
      assert.deepEqual([changed.n, changed.at, changed.tags], [3, { x: 1, y: 2 }, ['a', 'b']])
      assert.equal((await db.collection(todos).doc(id).remove()).deleted, 1)
      assert.deepEqual((await db.collection(todos).doc(id).get()).data, [])
    })

    await t.test('queries have operators, order, pages and counts', async () => {
      for (const n of [1, 2, 3, 4, 5]) await db.collection(todos).add({ n, kind: n % 2 ? 'odd' : 'even' })
      const some = db.collection(todos).where({ n: _.gt(1).and(_.lt(5)), kind: _.in(['odd', 'even']) })
      const { data } = await some.orderBy('n', 'desc').skip(1).limit(2).field({ n: true }).get()
      assert.deepEqual(data.map(({ n, kind }) => [n, kind]), [[3, undefined], [2, undefined]])
      assert.equal((await some.count()).total, 3)
      const either = await db.collection(todos).where(_.or([{ n: 1 }, { kind: db.RegExp({ regexp: '^EV', options: 'i' }) }])).get()
      assert.deepEqual(either.data.map(({ n }) => n).sort(), [1, 2, 4])
      assert.equal((await db.collection(todos).where({ kind: 'odd' }).update({ seen: true })).updated, 3)
      assert.equal((await db.collection(todos).where({ kind: 'even' }).remove()).deleted, 2)
    })

    await t.test('a pipeline groups', async () => {
      const $ = _.aggregate
      const { data } = await db.collection(todos).aggregate().match({ kind: 'odd' }).group({ _id: '$kind', sum: $.sum('$n') }).end()
      assert.deepEqual(data, [{ _id: 'odd', sum: 9 }])
    })

    await t.test('a transaction is whole or nothing', { skip: !dialect.transactions && 'not in this generation' }, async () => {
      await db.collection(todos).doc('t1').set({ n: 1 })
      await db.runTransaction(async (transaction) => {
        await transaction.collection(todos).doc('t1').update({ n: _.inc(1) })
      })
      const failed = db.runTransaction(async (transaction) => {
        await transaction.collection(todos).doc('t1').update({ n: _.inc(100) })
        await transaction.rollback('no')
      })
      await failed.catch(() => {})
      assert.equal((await db.collection(todos).where({ _id: 't1' }).get()).data[0].n, 2)
    })

    await t.test('a function knows who calls, and is told no lies', async () => {
      const data = { name: 'bob', userInfo: { nickName: 'Bob', openId: 'forged' } }
      const { result } = await app.callFunction({ name: 'whoami', data })
      assert.equal(result.event.name, 'bob')
      assert.deepEqual(result.event.userInfo, { nickName: 'Bob' })
      assert.deepEqual([result.user.uid, result.user.isAnonymous], [await dialect.uid(app), true])
      await assert.rejects(async () => {
        const answer = await app.callFunction({ name: 'nowhere' })
        if (answer.code) throw new Error(answer.code)
      })
    })

    await t.test('files are stored, read and deleted', async () => {
      const { fileID } = await app.uploadFile({ cloudPath: `web/${generation}.txt`, filePath: dialect.file('hello 云') })
      assert.match(fileID, /^cloud:\/\//)
      const { fileList } = await app.getTempFileURL({ fileList: [fileID] })
      const link = fileList[0].tempFileURL
      assert.equal(await (await fetch(link)).text(), 'hello 云')
      assert.equal((await fetch(link, { method: 'HEAD' })).headers.get('content-length'), '9')
      const deleted = await app.deleteFile({ fileList: [fileID] })
      assert.equal(deleted.fileList[0].code, 'SUCCESS')
      // A browser may keep what it has read for a tenth of the file's age.
      assert.equal((await fetch(link, { cache: 'no-store' })).status, 404)
    })

    await t.test('a login is refreshed when its token has ended', async () => {
      const uid = await dialect.uid(app)
      await cloudkit('clock', 'advance', '3h')
      await dialect.refresh?.(app)
      assert.equal((await db.collection(todos).where({ kind: 'odd' }).count()).total, 3)
      assert.equal(await dialect.uid(app), uid)
    })

    await t.test('a custom ticket logs in a member', async () => {
      const uid = await dialect.ticket(app, () => ticketFor(custom))
      const { result } = await app.callFunction({ name: 'whoami', data: {} })
      assert.deepEqual([result.user.uid, result.user.customUserId, result.user.isAnonymous], [uid, custom, false])
    })

    const { join, account, ...logins } = dialect.logins(generation)
    for (const [name, login] of Object.entries(logins)) {
      await t.test(`a person logs in ${name}`, async () => {
        await login(app)
        assert.equal(await dialect.uid(app), 'u-alice')
      })
    }

    await t.test('who is new signs up', async () => {
      await join(app)
      assert.notEqual(await dialect.uid(app), 'u-alice')
      assert.ok(await dialect.uid(app))
    })

    for (const [name, work] of Object.entries(account)) {
      await t.test(`who signed up ${name}`, () => work(app))
    }

    await t.test('after signing out nobody is logged in', async () => {
      await dialect.signOut(app)
      assert.ok(!(await dialect.uid(app).catch(() => undefined)))
    })
  })
}
