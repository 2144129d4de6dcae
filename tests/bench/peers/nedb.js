// nedb under the benchmark's operations: a line of JSON in, the median in microseconds out.
const Datastore = require('@seald-io/nedb')

const players = new Datastore()
const levels = 500
const scores = 2 ** 24
const pick = (turn, size) => (turn * 7919 + 13) % size
const id = (n) => 'p' + String((n * 7919) % 100000007).padStart(8, '0')
const score = (n) => Number((BigInt(n) * 2654435761n) % BigInt(scores))
let inserted = 0

const operations = {
  Insert: (turn) =>
    players.insertAsync({
      _id: 'q' + ++inserted, owner: 'o0001', name: 'new', level: turn % levels, score: score(turn), note: 'x'.repeat(150)
    }),
  Get: (turn, size) => players.findOneAsync({ _id: id(pick(turn, size)) }),
  Best20: (turn) => players.findAsync({ level: turn % levels }).sort({ score: -1 }).limit(20),
  Range100: (turn) => players.findAsync({ score: { $gte: pick(turn, scores / 2) } }).sort({ score: 1 }).limit(100),
  Count: (turn, size) => {
    const width = Math.floor(scores / Math.max(1, Math.floor(size / 1000)))
    const low = pick(turn, scores - width + 1)
    return players.countAsync({ score: { $gte: low, $lt: low + width } })
  },
  Update: (turn, size) => players.updateAsync({ _id: id(pick(turn, size)) }, { $set: { note: turn + ' ' + inserted } }, {}),
  Skip: (turn, size) => players.findAsync({}).sort({ score: 1 }).skip((size / 10) * 9).limit(20),
  Filter: (turn, size) => players.findAsync({ name: 'player ' + pick(turn, size) })
}

async function measure ({ work, size, times }) {
  const operation = operations[work]
  const taken = []
  // Ranges without an end are read and sorted whole: enough of them say what one costs.
  const end = Date.now() + 3000
  for (let turn = 0; turn < times && (turn < 3 || Date.now() < end); turn++) {
    const start = process.hrtime.bigint()
    await operation(turn, size)
    taken.push(Number(process.hrtime.bigint() - start) / 1000)
  }
  taken.sort((a, b) => a - b)
  return taken[Math.floor(taken.length / 2)]
}

async function answer (line) {
  const asked = JSON.parse(line)
  if (!asked.fill) return measure(asked)
  const start = process.hrtime.bigint()
  await players.insertAsync(asked.fill)
  return Number(process.hrtime.bigint() - start) / 1000
}

async function main () {
  await players.ensureIndexAsync({ fieldName: 'score' })
  await players.ensureIndexAsync({ fieldName: 'level' })
  for await (const line of require('node:readline').createInterface({ input: process.stdin })) {
    console.log(await answer(line))
  }
}

main()
