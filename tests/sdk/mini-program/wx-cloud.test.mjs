// `wx.cloud` of a mini program: the file that the emulator serves and `init` places, on the stand-in for `wx`.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createWx, install, Program } from './files.mjs'

const origin = process.env.CLOUDKIT_EMULATOR_URL

const wxOf = (openid, settings = {}) => {
  const wx = createWx()
  install(wx, { origin, openid, ...settings }).init()
  return wx
}
const [alice, bob] = ['o-alice1', 'o-bob2'].map((openid) => wxOf(openid))
const db = alice.cloud.database()
const { command: _ } = db
const $ = _.aggregate

const folder = mkdtempSync(join(tmpdir(), 'wx-cloud-'))
after(() => rmSync(folder, { recursive: true }))

// Calls the program the tests run under, where there is no manifest that it would add to.
const cloudkit = async (...args) => JSON.parse((await promisify(execFile)(process.env.CLOUDKIT, [...args, '--json'], { cwd: folder })).stdout)

// What a call with callbacks ends with.
const called = (start) => new Promise((resolve) => {
  const heard = []
  const options = { success: (it) => heard.push(['success', it]), fail: (it) => heard.push(['fail', it]), complete: (it) => { heard.push(['complete', it]); resolve([heard, returned]) } }
  const returned = start(options)
})

const failing = (errCode, pattern) => (error) => {
  assert.equal(error.errCode, errCode, error.errMsg)
  assert.match(error.errMsg, pattern)
  return true
}

before(async () => {
  for (const name of ['books', 'notes', 'places', 'secrets']) await cloudkit('db', 'collection', 'add', name)
  await cloudkit('rules', 'set', 'books', 'READONLY')
  await cloudkit('rules', 'set', 'places', 'READONLY')
  await cloudkit('rules', 'set', 'secrets', 'ADMINONLY')
  const open = join(folder, 'open.json')
  writeFileSync(open, '{"read": true, "write": true}')
  await cloudkit('rules', 'set', 'notes', open)
  await cloudkit('db', 'index', 'add', 'places', 'at:2dsphere')
})

test('an accepted message may be sent once', async () => {
  const carol = wxOf('o-carol3')
  const answer = await carol.requestSubscribeMessage({ tmplIds: ['t-news', 't-other'] })
  assert.deepEqual(answer, { 't-news': 'accept', 't-other': 'accept', errMsg: 'requestSubscribeMessage:ok' })
  const heard = await called((options) => carol.requestSubscribeMessage({ tmplIds: ['t-news'], ...options }))
  assert.deepEqual(heard[0].map(([name]) => name), ['success', 'complete'])
  const send = async (openid) => {
    const data = { op: 'openapi', method: 'subscribeMessage.send', data: { touser: openid, templateId: 't-news', data: {} } }
    const { result } = await alice.cloud.callFunction({ name: 'wx4_0', data })
    return result.answer ? 0 : result.errCode
  }
  const sent = [await send('o-carol3'), await send('o-carol3'), await send('o-carol3'), await send('o-nobody')]
  assert.deepEqual(sent, [0, 0, 43101, 43101])
})

test('a document goes through its life', async () => {
  const when = new Date(1700000000000)
  const { _id, errMsg } = await db.collection('books').add({ data: { title: 'A', when, pages: { read: 1, all: 9 }, tags: ['x'] } })
  assert.equal(errMsg, 'collection.add:ok')
  const book = db.collection('books').doc(_id)
  assert.deepEqual(await book.update({ data: { pages: { read: 2 }, tags: _.push(['y', 'z']), seen: _.inc(3) } }), { stats: { updated: 1 }, errMsg: 'document.update:ok' })
  const { data } = await book.get()
  assert.deepEqual(data, { _id, _openid: 'o-alice1', title: 'A', when, pages: { read: 2, all: 9 }, tags: ['x', 'y', 'z'], seen: 3 })
  assert.ok(data.when instanceof Date)
  assert.deepEqual((await book.field({ title: true, tags: _.project.slice(1) }).get()).data, { _id, title: 'A', tags: ['x'] })
  const updates = [
    [{ tags: _.pop() }, 'tags', ['x', 'y']], [{ tags: _.shift() }, 'tags', ['y']], [{ tags: _.unshift('a', 'b') }, 'tags', ['a', 'b', 'y']],
    [{ tags: _.push({ each: ['c', 'd'], position: 0, slice: 3 }) }, 'tags', ['c', 'd', 'a']], [{ tags: _.addToSet('a') }, 'tags', ['c', 'd', 'a']],
    [{ tags: _.addToSet({ each: ['a', 'e'] }) }, 'tags', ['c', 'd', 'a', 'e']], [{ tags: _.pull('c') }, 'tags', ['d', 'a', 'e']],
    [{ tags: _.pull(_.in(['d', 'e'])) }, 'tags', ['a']], [{ tags: _.pullAll(['a']) }, 'tags', []], [{ seen: _.mul(4) }, 'seen', 12],
    [{ seen: _.min(5) }, 'seen', 5], [{ seen: _.max(7) }, 'seen', 7], [{ seen: _.remove() }, 'seen', undefined],
    [{ pages: _.set({ only: true }) }, 'pages', { only: true }], [{ title: _.rename('name') }, 'name', 'A']
  ]
  for (const [change, field, expected] of updates) {
    await book.update({ data: change })
    assert.deepEqual((await book.get()).data[field], expected, JSON.stringify(change))
  }
  assert.deepEqual(await book.set({ data: { title: 'B', at: db.serverDate() } }), { _id, stats: { updated: 1, created: 0 }, errMsg: 'document.set:ok' })
  const after = (await book.get()).data
  assert.deepEqual([after.title, after.tags], ['B', undefined])
  assert.ok(after.at instanceof Date)
  assert.deepEqual(await book.remove(), { stats: { removed: 1 }, errMsg: 'document.remove:ok' })
  await assert.rejects(book.get(), failing(-1, new RegExp(`^document.get:fail cannot find document with _id ${_id}`)))
  assert.deepEqual((await db.collection('books').doc('new').set({ data: { n: 1 } })).stats, { updated: 0, created: 1 })
  await db.collection('books').doc('new').remove()
})

test('queries say what they say on the platform', async () => {
  const rows = Array.from({ length: 30 }, (_, n) => ({ _id: `q${n}`, n, name: `row-${n}`, tags: n % 2 ? ['odd'] : ['even', 'all'], in: { deep: n % 3 } }))
  for (const data of rows) await db.collection('notes').add({ data })
  const notes = db.collection('notes')
  const found = async (condition) => (await notes.where(condition).orderBy('n', 'asc').get()).data.map(({ n }) => n)
  const cases = [
    [{ n: _.gt(2).and(_.lt(5)) }, [3, 4]], [{ n: _.gt(2).lt(5) }, [3, 4]], [{ n: _.eq(0).or(_.eq(9)) }, [0, 9]],
    [{ n: _.or(_.eq(1), _.gt(28)) }, [1, 29]], [_.or([{ n: 1 }, { n: _.gte(29) }]), [1, 29]], [_.and({ n: _.lte(1) }, { in: { deep: 0 } }), [0]],
    [{ 'in.deep': 2, n: _.lt(6) }, [2, 5]], [{ n: _.in([4, 2]) }, [2, 4]], [{ n: _.nin([0]).and(_.lt(2)) }, [1]], [{ n: _.neq(0).lt(2) }, [1]],
    [{ n: _.mod(10, 3) }, [3, 13, 23]], [{ tags: _.all(['all', 'even']), n: _.lt(3) }, [0, 2]], [{ tags: _.size(1), n: _.lt(3) }, [1]],
    [{ tags: 'odd', n: _.lt(3) }, [1]], [{ name: /^ROW-1$/i }, [1]], [{ name: db.RegExp({ regexp: '^row-2\\d$', options: 'i' }), n: _.gt(27) }, [28, 29]],
    [{ n: _.not(_.gt(1)) }, [0, 1]], [{ nothing: _.exists(false), n: 7 }, [7]], [_.nor([{ n: _.gt(0) }]), [0]], [_.expr($.eq(['$n', 8])), [8]],
    [{ tags: _.elemMatch(_.eq('odd')), n: 5 }, [5]]
  ]
  for (const [condition, expected] of cases) assert.deepEqual(await found(condition), expected, JSON.stringify(condition))
  assert.equal((await notes.get()).data.length, 20, 'twenty by default')
  assert.equal((await notes.limit(100).get()).data.length, 20, 'and at most')
  const page = await notes.orderBy('in.deep', 'desc').orderBy('n', 'desc').skip(1).limit(2).field({ n: true, _id: false }).get()
  assert.deepEqual(page, { data: [{ n: 26 }, { n: 23 }], errMsg: 'collection.get:ok' })
  assert.deepEqual(await notes.where({ n: _.lt(3) }).count(), { total: 3, errMsg: 'collection.count:ok' })
  assert.deepEqual((await notes.where({ n: _.gte(25) }).update({ data: { old: true } })).stats, { updated: 5 })
  assert.deepEqual((await notes.where({ old: true }).remove()).stats, { removed: 5 })
  assert.throws(() => notes.orderBy('n', 'up'), failing(-401002, /asc/))
})

test('aggregations', async () => {
  const notes = () => db.collection('notes').aggregate()
  const { list, errMsg } = await notes().match({ n: _.lt(10) }).group({ _id: '$in.deep', sum: $.sum('$n'), all: $.push('$n') }).sort({ _id: 1 }).end()
  assert.equal(errMsg, 'collection.aggregate:ok')
  assert.deepEqual(list, [{ _id: 0, sum: 18, all: [0, 3, 6, 9] }, { _id: 1, sum: 12, all: [1, 4, 7] }, { _id: 2, sum: 15, all: [2, 5, 8] }])
  assert.equal((await notes().end()).list.length, 20, 'twenty by default')
  assert.equal((await notes().limit(22).end()).list.length, 22)
  const shown = await notes().match({ n: 3 }).project({ _id: 0, twice: $.multiply(['$n', 2]), kind: $.cond({ if: $.gt(['$n', 2]), then: 'big', else: 'small' }) }).end()
  assert.deepEqual(shown.list, [{ twice: 6, kind: 'big' }])
  const joined = await notes().match({ n: 1 }).lookup({
    from: 'notes', let: { deep: '$in.deep' }, as: 'same',
    pipeline: $.pipeline().match(_.expr($.and([$.eq(['$in.deep', '$$deep']), $.lt(['$n', 8])]))).project({ _id: 0, n: 1 }).done()
  }).end()
  assert.deepEqual(joined.list[0].same, [{ n: 1 }, { n: 4 }, { n: 7 }])
  assert.deepEqual((await notes().unwind('$tags').sortByCount('$tags').end()).list, [{ _id: 'even', count: 13 }, { _id: 'all', count: 13 }, { _id: 'odd', count: 12 }].sort((a, b) => b.count - a.count))
  assert.deepEqual((await notes().count('all').end()).list, [{ all: 25 }])
  assert.equal((await notes().sample({ size: 2 }).end()).list.length, 2)
})

test('places', async () => {
  const at = db.Geo.Point(113.3, 23.1)
  const { _id } = await db.collection('places').add({ data: { at, area: db.Geo.Polygon([db.Geo.LineString([at, db.Geo.Point(114, 23), db.Geo.Point(114, 24), at])]) } })
  const { data } = await db.collection('places').doc(_id).get()
  assert.deepEqual([data.at.longitude, data.at.latitude, data.area.lines[0].points.length], [113.3, 23.1, 4])
  assert.ok(data.at instanceof db.Geo.Point)
  const near = await db.collection('places').where({ at: _.geoNear({ geometry: db.Geo.Point(113.31, 23.1), maxDistance: 5000 }) }).get()
  assert.equal(near.data.length, 1)
  const within = await db.collection('places').where({ at: _.geoWithin({ centerSphere: [[113.3, 23.1], 0.01] }) }).count()
  assert.equal(within.total, 1)
  const far = await db.collection('places').where({ at: _.geoNear({ geometry: db.Geo.Point(0, 0), maxDistance: 5 }) }).get()
  assert.equal(far.data.length, 0)
})

test('functions know who calls', async () => {
  for (const [wx, openid] of [[alice, 'o-alice1'], [bob, 'o-bob2']]) {
    const answer = await wx.cloud.callFunction({ name: 'wx3_0', data: { op: 'identity' } })
    assert.equal(answer.errMsg, 'cloud.callFunction:ok')
    assert.ok(answer.requestID)
    assert.deepEqual([answer.result.OPENID, answer.result.fromEvent], [openid, openid])
  }
  const forged = await alice.cloud.callFunction({ name: 'wx3_0', data: { op: 'identity', userInfo: { openId: 'o-forged' } } })
  assert.equal(forged.result.fromEvent, 'o-alice1')
  assert.deepEqual((await alice.cloud.callFunction({ name: 'echo', data: { n: 1, none: undefined } })).result, { n: 1 })
})

test('one line switches the user', async () => {
  const wx = wxOf('o-first')
  const who = async () => (await wx.cloud.callFunction({ name: 'wx3_0', data: { op: 'identity' } })).result.OPENID
  assert.equal(await who(), 'o-first')
  wx.cloud.signInAs('o-second')
  assert.equal(await who(), 'o-second')
})

test('an open-data id becomes an object at the top of the event', async () => {
  const wx = wxOf('o-alice1', { openData: { 'id-1': { phoneNumber: '13800000000' } } })
  const { CloudID } = wx.cloud
  const { result } = await wx.cloud.callFunction({ name: 'echo', data: { phone: CloudID('id-1'), unknown: new CloudID('id-2') } })
  assert.deepEqual(result.phone, { cloudID: 'id-1', data: { phoneNumber: '13800000000' } })
  assert.deepEqual([result.unknown.cloudID, result.unknown.errCode], ['id-2', -601002])
})

test('a login gives a code for the test user, and its open data opens under the session key', async () => {
  const at = (path) => `${origin}/__cloudkit/wechat/${path}`
  const { code, errMsg } = await bob.login()
  assert.equal(errMsg, 'login:ok')
  const query = `appid=wx0123456789abcdef&secret=s&js_code=${code}&grant_type=authorization_code`
  const session = await (await fetch(at(`sns/jscode2session?${query}`))).json()
  assert.equal(session.openid, 'o-bob2')
  const asked = { method: 'POST', body: JSON.stringify({ openid: 'o-bob2', kind: 'phone' }) }
  const { cloudID } = await (await fetch(at('open-data'), asked)).json()
  const { result } = await bob.cloud.callFunction({ name: 'echo', data: { phone: bob.cloud.CloudID(cloudID) } })
  assert.deepEqual([result.phone.cloudID, result.phone.data.countryCode], [cloudID, '86'])
})

test('what WeChat would tell of its user is told of the test user, and functions are handed it', async () => {
  const { userInfo, cloudID, encryptedData, errMsg } = await alice.getUserProfile({ desc: 'to greet you' })
  assert.deepEqual([userInfo.nickName, errMsg, typeof encryptedData], ['alice', 'getUserProfile:ok', 'string'])
  const run = await alice.getWeRunData()
  const phone = await alice.cloud.openData('phone')
  const { CloudID } = alice.cloud
  const data = { profile: CloudID(cloudID), run: CloudID(run.cloudID), phone: new CloudID(phone.cloudID) }
  const { result } = await alice.cloud.callFunction({ name: 'echo', data })
  assert.deepEqual([result.profile.data.openId, result.phone.data.purePhoneNumber], ['o-alice1', '13800000000'])
  assert.ok(result.run.data.stepInfoList[0].step > 0)
  const [heard] = await called((options) => bob.getUserInfo(options))
  assert.deepEqual(heard.map(([name, it]) => [name, it.userInfo.nickName]), [['success', 'bob'], ['complete', 'bob']])
  await assert.rejects(alice.cloud.openData('nonsense'))
})

test('files travel', async () => {
  const filePath = join(folder, 'a.txt')
  writeFileSync(filePath, 'héllo 云')
  const { fileID, statusCode, errMsg } = await alice.cloud.uploadFile({ cloudPath: 'shim/云 a.txt', filePath })
  assert.deepEqual([statusCode, errMsg], [204, 'cloud.uploadFile:ok'])
  const { tempFilePath } = await alice.cloud.downloadFile({ fileID })
  assert.equal(readFileSync(tempFilePath, 'utf8'), 'héllo 云')
  const urls = await alice.cloud.getTempFileURL({ fileList: [fileID, 'cloud://local/none', { fileID, maxAge: 60 }] })
  assert.deepEqual(urls.fileList.map(({ status, maxAge }) => [status, maxAge]), [[0, 7200], [-503003, 7200], [0, 60]])
  assert.equal(await (await fetch(encodeURI(urls.fileList[0].tempFileURL))).text(), 'héllo 云')
  await assert.rejects(alice.cloud.downloadFile({ fileID: 'cloud://local/none' }), failing(-503003, /^cloud.downloadFile:fail Error: errCode: -503003 storage file not exists/))
  const progress = []
  const [[[end, value]], task] = await called((options) => {
    const task = alice.cloud.uploadFile({ cloudPath: 'shim/b.txt', filePath, ...options })
    task.onProgressUpdate((it) => progress.push(it.progress))
    return task
  })
  assert.deepEqual([end, value.errMsg, typeof task.abort, progress.at(-1)], ['success', 'cloud.uploadFile:ok', 'function', 100])
  const [[[aborted, error]]] = await called((options) => {
    const task = alice.cloud.uploadFile({ cloudPath: 'shim/c.txt', filePath, ...options })
    task.abort()
    return task
  })
  assert.deepEqual([aborted, error.errMsg], ['fail', 'cloud.uploadFile:fail abort'])
  await assert.rejects(alice.cloud.uploadFile({ cloudPath: '/shim/d.txt', filePath }), failing(-501007, /begins with a slash/))
  const gone = await alice.cloud.deleteFile({ fileList: [fileID, value.fileID] })
  assert.deepEqual(gone.fileList.map(({ status, errMsg }) => [status, errMsg]), [[0, 'ok'], [0, 'ok']])
})

test('failures have the platform’s numbers and words', async () => {
  await assert.rejects(db.collection('missing').get(), failing(-502005, /^collection.get:fail -502005 database collection not exists \| errMsg: /))
  await assert.rejects(alice.cloud.callFunction({ name: 'missing' }), failing(-501000, /^cloud.callFunction:fail Error: errCode: -501000 \| errMsg: FunctionName parameter could not be found/))
  await assert.rejects(alice.cloud.callFunction({ name: 'echo', data: { fail: 'broken' } }), failing(-504002, /^cloud.callFunction:fail Error: errCode: -504002 functions execute fail \| errMsg: .*broken/))
  await assert.rejects(alice.cloud.callFunction({}), failing(-401003, /parameter.name should be string/))
  await assert.rejects(alice.cloud.getTempFileURL({ fileList: Array(51).fill('x') }), failing(-401002, /50/))
  await assert.rejects(db.collection('books').add({}), failing(-401003, /parameter.data should be object/))
  const round = {}
  round.round = round
  await assert.rejects(db.collection('books').add({ data: round }), failing(-402001, /refers to itself/))
  const books = db.collection('books')
  assert.throws(() => books.where({ a: round }), failing(-402001, /^collection.where:fail the data refers to itself/))
  assert.throws(() => books.where({ a: _.in([round]) }), failing(-402001, /refers to itself/))
  assert.throws(() => books.where({ a: _.expr($.gt(['$a', 1])) }), failing(-401003, /^collection.where:fail `a` holds a command/))
  assert.throws(() => books.where(5), failing(-401003, /^collection.where:fail the condition must be an object/))
  assert.throws(() => books.aggregate().match({ a: round }), failing(-402001, /^aggregate.match:fail/))
  const quiet = createWx()
  install(quiet, { origin })
  assert.throws(() => quiet.cloud.database(), failing(-1, /call wx.cloud.init first/))
  await assert.rejects(quiet.cloud.callFunction({ name: 'echo' }), failing(-1, /call wx.cloud.init first/))
  const nowhere = wxOf('o-alice1', { origin: 'http://127.0.0.1:9' })
  await assert.rejects(nowhere.cloud.callFunction({ name: 'echo' }), failing(-601003, /does not answer .*cloudkit emulate/))
})

test('with any callback there is no promise', async () => {
  const [heard, returned] = await called((options) => db.collection('notes').where({ n: 1 }).get(options))
  assert.equal(returned, undefined)
  assert.deepEqual(heard.map(([name, it]) => [name, it.data.length]), [['success', 1], ['complete', 1]])
  const [failed] = await called((options) => alice.cloud.callFunction({ name: 'missing', ...options }))
  assert.deepEqual(failed.map(([name, it]) => [name, it.errCode]), [['fail', -501000], ['complete', -501000]])
})

test('permissions hold for users of a mini program', async () => {
  const { _id } = await db.collection('books').add({ data: { title: 'mine' } })
  const others = bob.cloud.database().collection('books').doc(_id)
  assert.equal((await others.get()).data.title, 'mine')
  assert.deepEqual((await others.update({ data: { title: 'his' } })).stats, { updated: 0 })
  assert.equal((await others.get()).data.title, 'mine')
  await assert.rejects(db.collection('secrets').get(), failing(-502003, /^collection.get:fail -502003 database permission denied \| errMsg: /))
  await assert.rejects(db.collection('books').add({ data: { _openid: 'o-forged' } }), (error) => error.errCode < 0)
})

test('the pages of a mini program run as they are', async () => {
  const wx = wxOf('o-reader')
  const program = new Program({ root: fileURLToPath(new URL('program', import.meta.url)), wx })
  program.app()
  const page = program.page('pages/note/note')
  await page.onLoad({ id: 'of-the-page' })
  assert.deepEqual(page.data, { note: { title: 'echoed' }, history: ['of-the-page'] })
  assert.deepEqual(wx.calls.map(({ name }) => name), ['showLoading', 'hideLoading'])
  const row = program.component('components/row/row')
  row.choose()
  assert.deepEqual(row.triggered, [{ event: 'choose', detail: { index: 3 } }])
  assert.equal(wx.getStorageSync('started'), true)
})

test('what a page draws and plays does nothing, and the page goes on', async () => {
  const wx = wxOf('o-reader')
  const page = new Program({ root: fileURLToPath(new URL('program', import.meta.url)), wx }).page('pages/drawing/drawing')
  await page.onLoad()
  assert.equal(page.data.size.width, 375)
  assert.equal(page.data.format(1), '1.00')
  assert.equal(wx.getBackgroundAudioManager().title, 'A song')
  const heard = wx.calls.map(({ name }) => name)
  for (const name of ['createCanvasContext.fillRect', 'createSelectorQuery.exec', 'getBackgroundAudioManager.stop']) assert.ok(heard.includes(name), name)
})

test('files of a mini program are those of the machine', async () => {
  const wx = wxOf('o-reader')
  const files = wx.getFileSystemManager()
  const filePath = join(folder, 'note.txt')
  await files.writeFile({ filePath, data: '名' })
  assert.equal((await files.readFile({ filePath, encoding: 'base64' })).data, Buffer.from('名').toString('base64'))
  assert.deepEqual(new Uint8Array(files.readFileSync(filePath)), new Uint8Array(Buffer.from('名')))
  files.unlinkSync(filePath)
  await assert.rejects(files.access({ path: filePath }), ({ errMsg }) => errMsg.startsWith('access:fail'))
})

test('an answer may take as long as on a phone', async (t) => {
  const { request } = http
  const waits = []
  t.mock.method(http, 'request', (url, options, ...rest) => {
    waits.push(options.timeout)
    return request(url, options, ...rest)
  })
  const wx = createWx()
  const filePath = join(folder, 'sent.txt')
  writeFileSync(filePath, 'x')
  await wx.request({ url: `${origin}/healthz` })
  await wx.request({ url: `${origin}/healthz`, timeout: 30_000 })
  await wx.downloadFile({ url: `${origin}/healthz` })
  await wx.uploadFile({ url: `${origin}/healthz`, filePath, name: 'file' })
  assert.deepEqual(waits, [60_000, 30_000, 60_000, 60_000])
})
