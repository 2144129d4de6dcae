// One scenario for every SDK generation: each step uses the SDK as its users do and answers what it saw.
// `sdk` hides only how the generations spell a call (`add({data})` or `add(doc)`), never what it means.

const assert = require('node:assert/strict')

const name = `steps_${process.version.replace(/\W/g, '_')}_${Date.now().toString(36)}_${process.pid}`

/** Runs every step that this generation has; returns the names of those that ran. */
module.exports = async function run(sdk) {
  const steps = {
    async createCollection() {
      await sdk.createCollection(name)
      await assert.rejects(sdk.createCollection(name), 'a second creation rejects')
    },

    async addAndGet() {
      const id = await sdk.add(name, {
        _id: 'typed', n: 1, f: 1.5, big: 9007199254740991, s: 'héllo 云', b: true, nul: null,
        arr: [1, 'x', { y: 2 }], o: { p: { q: 1 } }, d: new Date(1700000000123), when: sdk.db.serverDate(),
      })
      assert.equal(id, 'typed')
      const [doc] = await sdk.getDoc(name, 'typed')
      assert.equal(doc.n, 1)
      assert.equal(doc.f, 1.5)
      assert.equal(doc.big, 9007199254740991)
      assert.equal(doc.s, 'héllo 云')
      assert.equal(doc.nul, null)
      assert.deepEqual(doc.arr, [1, 'x', { y: 2 }])
      assert.equal(new Date(doc.d).getTime(), 1700000000123)
      assert.ok(doc.when instanceof Date, 'a server date comes back as a Date')
      assert.ok(Math.abs(Date.now() - doc.when.getTime()) < 60_000)
      const generated = await sdk.add(name, { kind: 'generated' })
      assert.match(String(generated), /^[0-9a-f]{32}$/)
    },

    async duplicateIdRejects() {
      await assert.rejects(sdk.add(name, { _id: 'typed' }), (error) => {
        assert.match(sdk.message(error), /duplicate key/i)
        return true
      })
    },

    async queries() {
      for (let n = 1; n <= 6; n++) await sdk.add(name, { _id: `q${n}`, kind: 'q', n, o: { p: n, z: 0 }, tag: n % 2 ? 'odd' : 'even' })
      const _ = sdk.db.command
      const ids = async (query) => (await sdk.where(name, { kind: 'q', ...query })).map((doc) => doc._id).sort()
      assert.deepEqual(await ids({ n: _.gt(4) }), ['q5', 'q6'])
      assert.deepEqual(await ids({ n: _.gt(1).and(_.lt(4)) }), ['q2', 'q3'])
      assert.deepEqual(await ids({ n: _.eq(1).or(_.eq(3)) }), ['q1', 'q3'])
      assert.deepEqual(await ids({ n: _.in([2, 9]) }), ['q2'])
      assert.deepEqual(await ids({ n: _.nin([1, 2, 3, 4]) }), ['q5', 'q6'])
      assert.deepEqual(await ids({ n: _.neq(1), tag: 'odd' }), ['q3', 'q5'])
      assert.deepEqual(await ids({ o: { p: 2 } }), ['q2'], 'nested objects match by path')
      assert.deepEqual(await ids({ tag: sdk.db.RegExp({ regexp: '^OD', options: 'i' }) }), ['q1', 'q3', 'q5'])
      const page = await sdk.db.collection(name).where({ kind: 'q' }).orderBy('n', 'desc').skip(1).limit(2).field({ n: true, _id: false }).get()
      assert.deepEqual(page.data, [{ n: 5 }, { n: 4 }])
      assert.equal(await sdk.count(name, { kind: 'q' }), 6)
    },

    async updates() {
      const _ = sdk.db.command
      await sdk.add(name, { _id: 'u', n: 1, list: ['a'], o: { p: 1, q: 2 } })
      assert.equal(await sdk.updateDoc(name, 'u', { n: _.inc(5), 'o.p': 7, list: _.push(['b', 'c']), extra: { z: 1 } }), 1)
      let [doc] = await sdk.getDoc(name, 'u')
      assert.deepEqual([doc.n, doc.o, doc.list, doc.extra], [6, { p: 7, q: 2 }, ['a', 'b', 'c'], { z: 1 }])
      await sdk.updateDoc(name, 'u', { extra: _.remove(), list: _.pop(), n: _.mul(2) })
      ;[doc] = await sdk.getDoc(name, 'u')
      assert.deepEqual([doc.n, doc.list, 'extra' in doc], [12, ['a', 'b'], false])
      assert.equal(await sdk.updateDoc(name, 'missing', { n: 1 }), 0)
      assert.equal(await sdk.updateWhere(name, { kind: 'q', n: _.lte(2) }, { seen: true }), 2)
      if (_.pull) {
        await sdk.updateDoc(name, 'u', { list: _.pull('a') })
        ;[doc] = await sdk.getDoc(name, 'u')
        assert.deepEqual(doc.list, ['b'])
      }
    },

    async setReplacesOrCreates() {
      await sdk.setDoc(name, 'set-1', { a: 1, b: 2 })
      await sdk.setDoc(name, 'set-1', { c: 3 })
      const [doc] = await sdk.getDoc(name, 'set-1')
      assert.deepEqual(doc, { _id: 'set-1', c: 3 })
    },

    async removes() {
      assert.equal(await sdk.removeDoc(name, 'set-1'), 1)
      assert.equal(await sdk.removeDoc(name, 'set-1'), 0)
      assert.equal(await sdk.removeWhere(name, { kind: 'q', n: sdk.db.command.gt(5) }), 1)
      assert.deepEqual(await sdk.missing(name, 'set-1'), true)
    },

    async missingCollection() {
      await assert.rejects(sdk.where('no_such_collection', { a: 1 }), (error) => {
        assert.match(sdk.message(error), /Db or Table not exist|-502005|DATABASE_COLLECTION_NOT_EXIST/)
        return true
      })
    },

    async aggregate() {
      if (!sdk.db.collection(name).aggregate) return 'skipped'
      const $ = sdk.db.command.aggregate
      const groups = await sdk.db.collection(name).aggregate()
        .match({ kind: 'q' })
        .group({ _id: '$tag', total: $.sum('$n'), count: $.sum(1) })
        .sort({ _id: 1 })
        .end()
      assert.deepEqual(sdk.list(groups), [{ _id: 'even', total: 6, count: 2 }, { _id: 'odd', total: 9, count: 3 }])
      const joined = await sdk.db.collection(name).aggregate()
        .match({ _id: 'q1' })
        .lookup({ from: name, localField: 'tag', foreignField: 'tag', as: 'same' })
        .project({ n: 1, same: $.size ? $.size('$same') : 1 })
        .limit(1)
        .end()
      assert.equal(sdk.list(joined)[0].same, 3)
    },

    // The manifest declares `places` with an index `loc:2dsphere`.
    async geometry() {
      const { Geo, command: _ } = sdk.db
      if (!Geo || !Geo.Polygon || !_.geoWithin || !sdk.db.collection(name).aggregate) return 'skipped'
      // Some generations have classes, some have functions.
      const make = (Type, ...values) => (Type.prototype ? new Type(...values) : Type(...values))
      const point = (longitude, latitude) => make(Geo.Point, longitude, latitude)
      const line = (...pairs) => make(Geo.LineString, pairs.map((pair) => point(...pair)))
      const square = (x, y, size) => make(Geo.Polygon, [line([x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y])])
      const add = (id, loc) => sdk.add('places', { _id: `${name}-${id}`, kind: name, loc })
      await add('near', point(113.301, 23.1))
      await add('far', point(113.4, 23.2))
      await add('road', line([113.35, 23.15], [113.6, 23.15]))
      await add('park', square(113.31, 23.11, 0.01))
      await assert.rejects(sdk.add('places', { loc: 'here' }), 'the index refuses what is no geometry')

      const [stored] = await sdk.getDoc('places', `${name}-near`)
      assert.deepEqual([stored.loc.longitude, stored.loc.latitude], [113.301, 23.1], 'a point comes back as a point')
      const [park] = await sdk.getDoc('places', `${name}-park`)
      assert.equal(park.loc.lines[0].points.length, 5, 'a polygon comes back as a polygon')

      const short = (docs) => docs.map((doc) => doc._id.slice(name.length + 1))
      const ids = async (condition) => short(await sdk.where('places', { kind: name, loc: condition }))
      const here = point(113.3, 23.1)
      assert.deepEqual(await ids(_.geoNear({ geometry: here })), ['near', 'park', 'road', 'far'])
      assert.deepEqual(await ids(_.geoNear({ geometry: here, minDistance: 500, maxDistance: 5000 })), ['park'])
      const town = square(113.29, 23.09, 0.08)
      assert.deepEqual((await ids(_.geoWithin({ geometry: town }))).sort(), ['near', 'park'])
      assert.deepEqual((await ids(_.geoIntersects({ geometry: town }))).sort(), ['near', 'park', 'road'])
      // Generations before wx-server-sdk 2.4 know polygons only, and fail before they send anything.
      const around = await ids(_.geoWithin({ centerSphere: [[113.3, 23.1], 1 / 6378.1] })).catch((error) => error)
      if (!(around instanceof TypeError)) assert.deepEqual(around, ['near'])

      const nearest = await sdk.db.collection('places').aggregate()
        .geoNear({ near: here, spherical: true, distanceField: 'metres', query: { kind: name }, includeLocs: 'at' })
        .limit(2)
        .end()
      const [first, second] = sdk.list(nearest)
      assert.deepEqual(short([first, second]), ['near', 'park'])
      // Some generations send `near` as a legacy pair, whose distances are in radians.
      const metres = first.metres < 1 ? first.metres * 6378100 : first.metres
      assert.ok(Math.abs(metres - 102.4) < 0.5, `${first.metres} metres`)
      assert.ok(first.at.longitude === 113.301 || first.at.coordinates[0] === 113.301)
    },

    async transaction() {
      if (!sdk.db.startTransaction) return 'skipped'
      await sdk.add(name, { _id: 'a', balance: 100 })
      await sdk.add(name, { _id: 'b', balance: 0 })
      const transaction = await sdk.db.startTransaction()
      const accounts = transaction.collection(name)
      const from = sdk.inTransaction(await accounts.doc('a').get())
      assert.equal(from.balance, 100)
      await sdk.txUpdate(accounts.doc('a'), { balance: from.balance - 30 })
      await sdk.txUpdate(accounts.doc('b'), { balance: sdk.db.command.inc(30) })
      assert.equal((await sdk.getDoc(name, 'a'))[0].balance, 100, 'nobody outside sees it yet')
      await transaction.commit()
      assert.deepEqual([(await sdk.getDoc(name, 'a'))[0].balance, (await sdk.getDoc(name, 'b'))[0].balance], [70, 30])

      const undone = await sdk.db.startTransaction()
      await sdk.txUpdate(undone.collection(name).doc('a'), { balance: 0 })
      await undone.rollback()
      assert.equal((await sdk.getDoc(name, 'a'))[0].balance, 70)
    },

    async runTransaction() {
      if (!sdk.db.runTransaction) return 'skipped'
      await sdk.db.runTransaction(async (transaction) => {
        await sdk.txUpdate(transaction.collection(name).doc('b'), { balance: sdk.db.command.inc(1) })
      })
      assert.equal((await sdk.getDoc(name, 'b'))[0].balance, 31)

      // Several callers move 1 from account to account; some give up after their retries, none is lost or half done.
      for (const id of ['x', 'y', 'z']) await sdk.add(name, { _id: id, bank: true, balance: 10, moved: 0 })
      const balances = async () => (await sdk.where(name, { bank: true })).map((account) => account.balance)
      const transfer = (from, to) => sdk.db.runTransaction(async (transaction) => {
        const accounts = transaction.collection(name)
        const [payer, payee] = [sdk.inTransaction(await accounts.doc(from).get()), sdk.inTransaction(await accounts.doc(to).get())]
        await sdk.txUpdate(accounts.doc(from), { balance: payer.balance - 1, moved: payer.moved + 1 })
        await sdk.txUpdate(accounts.doc(to), { balance: payee.balance + 1 })
      })
      const ways = ['xy', 'yz', 'zx', 'xz', 'zy', 'yx', 'xy', 'yz']
      const outcomes = Promise.allSettled(ways.map(([from, to]) => transfer(from, to)))
      for (let reads = 0; reads < 5; reads++) assert.equal((await balances()).reduce((sum, it) => sum + it), 30)
      const done = (await outcomes).filter((it) => it.status === 'fulfilled').length
      assert.ok(done > 0, 'some transfer was done')
      const moved = (await sdk.where(name, { bank: true })).reduce((sum, account) => sum + account.moved, 0)
      assert.deepEqual([(await balances()).reduce((sum, it) => sum + it), moved], [30, done])
    },

    async files() {
      const content = Buffer.from('files of 云\n')
      const fileId = await sdk.upload(`steps/${name} 云.txt`, content)
      assert.match(fileId, /^cloud:\/\//)
      assert.deepEqual(Buffer.from(await sdk.download(fileId)), content)
      const url = await sdk.url(fileId)
      assert.match(url, /^http/)
      await sdk.deleteFile(fileId)
      await assert.rejects(sdk.download(fileId))
    },

    async callFunction() {
      assert.deepEqual(await sdk.call('echo', { a: 1, s: '云' }), { a: 1, s: '云' })
      const failure = await sdk.call('echo', { fail: 'boom' }).catch(sdk.message)
      // Some old versions of wx-server-sdk lose the failure of a function on its way to the caller.
      if (failure === undefined && sdk.losesFailures) return
      assert.match(failure, /boom/)
    },
  }

  const outcome = {}
  for (const [step, body] of Object.entries(steps)) {
    try {
      outcome[step] = (await body()) ?? 'ok'
    } catch (error) {
      outcome[step] = `FAILED: ${error.stack || JSON.stringify(error)}`
    }
  }
  return outcome
}
