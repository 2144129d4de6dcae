// Run with `cloudkit emulate --port 0 --ephemeral -- npm test`: every test meets a real backend, never the cloud.
const assert = require('node:assert/strict')
const path = require('node:path')
const { beforeEach, test } = require('node:test')
const cloud = require('wx-server-sdk')
const { install } = require('../minigame/cloudkit/wx-cloud')
const { createWx, Program } = require('./wx-stand-in')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const db = cloud.database()
const players = db.collection('players')

// The code of the game, as one player runs it. Players stand side by side.
function game(openid) {
  const wx = createWx()
  install(wx, { origin: process.env.CLOUDKIT_EMULATOR_URL, openid })
  const board = new Program({ root: path.join(__dirname, '../minigame'), wx }).require('leaderboard')
  board.init()
  return board
}

const alice = game('o-alice1')

beforeEach(async () => {
  await players.where({ score: db.command.gte(0) }).remove()
})

test('the best player comes first', async () => {
  await alice.report({ name: 'Alice', score: 4200 })
  await game('o-bob2').report({ name: 'Bob', score: 3100 })
  await game('o-cleo3').report({ name: 'Cleo', score: 5300 })
  const board = await alice.loadBoard()
  assert.deepEqual(board.map(({ name }) => name), ['Cleo', 'Alice', 'Bob'])
})

test('a second report replaces the first', async () => {
  await alice.report({ name: 'Alice', score: 10 })
  await alice.report({ name: 'Alice', score: 20, level: 3 })
  assert.deepEqual(await alice.loadBoard(), [{ name: 'Alice', score: 20, level: 3 }])
  const { data } = await players.doc('o-alice1').get()
  assert.ok(data.updatedAt instanceof Date)
})

test('the board has at most 100 places', async () => {
  const many = Array.from({ length: 105 }, (_, at) => ({ _id: `o-p${at}`, name: `P${at}`, score: at, level: 1 }))
  await Promise.all(many.map((data) => players.add({ data })))
  const board = await alice.loadBoard()
  assert.equal(board.length, 100)
  assert.deepEqual(board[0], { name: 'P104', score: 104, level: 1 })
  assert.equal(board.at(-1).score, 5)
})

test('nonsense is refused and nothing is stored', async () => {
  for (const data of [{}, { name: 'Alice' }, { name: '', score: 1 }, { name: 'Alice', score: 1.5 }, { name: 'Alice', score: '9' }]) {
    await assert.rejects(alice.report(data), /must be/)
  }
  const { total } = await players.count()
  assert.equal(total, 0)
})
