// Run with `cloudkit emulate --port 0 --ephemeral -- npm test`: every test meets a real backend, never the cloud.
const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { beforeEach, test } = require('node:test')
const { promisify } = require('node:util')
const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const db = cloud.database()
const players = db.collection('players')

// Calls a function the way a player's game does.
async function call(name, data = {}, openid = 'o-alice1') {
  const cloudkit = process.env.CLOUDKIT ?? 'cloudkit'
  const args = ['fn', 'invoke', name, '--as', openid, '--data', JSON.stringify(data), '--json']
  const { stdout } = await promisify(execFile)(cloudkit, args).catch((failed) => failed)
  const answer = JSON.parse(stdout)
  if (!answer.ok) throw new Error(answer.error.errMsg ?? answer.error.message)
  return answer.result
}

beforeEach(async () => {
  await players.where({ score: db.command.gte(0) }).remove()
})

test('the best player comes first', async () => {
  await call('report', { name: 'Alice', score: 4200 }, 'o-alice1')
  await call('report', { name: 'Bob', score: 3100 }, 'o-bob2')
  await call('report', { name: 'Cleo', score: 5300 }, 'o-cleo3')
  const board = await call('leaderboard')
  assert.deepEqual(board.map(({ name }) => name), ['Cleo', 'Alice', 'Bob'])
})

test('a second report replaces the first', async () => {
  await call('report', { name: 'Alice', score: 10 })
  await call('report', { name: 'Alice', score: 20, level: 3 })
  assert.deepEqual(await call('leaderboard'), [{ name: 'Alice', score: 20, level: 3 }])
  const { data } = await players.doc('o-alice1').get()
  assert.ok(data.updatedAt instanceof Date)
})

test('the board has at most 100 places', async () => {
  const many = Array.from({ length: 105 }, (_, at) => ({ _id: `o-p${at}`, name: `P${at}`, score: at, level: 1 }))
  await Promise.all(many.map((data) => players.add({ data })))
  const board = await call('leaderboard')
  assert.equal(board.length, 100)
  assert.deepEqual(board[0], { name: 'P104', score: 104, level: 1 })
  assert.equal(board.at(-1).score, 5)
})

test('nonsense is refused and nothing is stored', async () => {
  for (const data of [{}, { name: 'Alice' }, { name: '', score: 1 }, { name: 'Alice', score: 1.5 }, { name: 'Alice', score: '9' }]) {
    await assert.rejects(call('report', data), /must be/)
  }
  const { total } = await players.count()
  assert.equal(total, 0)
})
