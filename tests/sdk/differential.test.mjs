// The emulator's database and an independent engine, mingo, on the same random documents, filters, pipelines and updates.
// One seed is one run: `SEED=7 ROUNDS=100 cloudkit emulate --ephemeral -- node --test differential.test.mjs`.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { aggregate, find, update } from 'mingo'
import * as emulator from './differential/engine.mjs'
import { random } from './differential/random.mjs'

const seed = Number(process.env.SEED ?? 1)
console.log(`SEED=${seed}`)
const rounds = Number(process.env.ROUNDS ?? 12)
const { document, filter, pipeline, update: change } = random(seed)

/** What an engine answers: a value, or that it refuses. */
async function outcome(answer) {
  try {
    return { value: plain(await answer()) }
  } catch (error) {
    return { refused: error.message }
  }
}

/** Values as both engines can tell them: no -0, no `undefined`, no holes, numbers to 12 digits. */
function plain(value) {
  if (typeof value === 'number') return value === 0 ? 0 : Number(value.toPrecision(12))
  if (Array.isArray(value)) return Array.from(value, (it) => plain(it) ?? null)
  if (!value || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).filter(([, it]) => it !== undefined).map(([name, it]) => [name, plain(it)]))
}

function agree(what, documents, ours, theirs) {
  if (isDeepStrictEqual(ours.value, theirs.value) && 'refused' in ours === 'refused' in theirs) return
  const show = (it) => it.refused ?? JSON.stringify(it.value)
  assert.fail(`SEED=${seed}: ${JSON.stringify(what)}\non ${JSON.stringify(documents)}\n  emulator ${show(ours)}\n  mingo    ${show(theirs)}`)
}

/** Runs a pipeline in mingo, stage by stage on copies: documents that `$unwind` made share what they hold. */
function aggregateByMingo(documents, stages) {
  return stages.reduce((input, stage) => {
    // Where nothing comes in, mingo counts a document with 0, and cannot divide.
    if (input.length === 0 && ('$count' in stage || '$bucketAuto' in stage)) return []
    return aggregate(input.map((it) => structuredClone(it)), [stage], { collectionResolver: () => documents })
  }, documents)
}

/** Changes a document in mingo, which leaves as it is what MongoDB refuses to change. */
function updateByMingo(before, changes) {
  const after = structuredClone(before)
  update(after, changes)
  return after
}

/** The fixed documents of a round. */
async function filled() {
  const documents = Array.from({ length: 12 }, (_, at) => document(at + 1))
  await emulator.fill(documents)
  return documents
}

test('filters find the same documents', async () => {
  for (let round = 0; round < rounds; round++) {
    const documents = await filled()
    for (const query of Array.from({ length: 30 }, () => filter())) {
      const ours = await outcome(async () => (await emulator.find(query)).map((it) => it._id))
      const theirs = await outcome(() => find(documents, query).all().map((it) => it._id))
      agree(query, documents, ours, theirs)
    }
  }
})

test('pipelines give the same documents', async () => {
  for (let round = 0; round < rounds; round++) {
    const documents = await filled()
    for (const stages of Array.from({ length: 30 }, () => pipeline())) {
      const ours = await outcome(() => emulator.aggregate(stages))
      agree(stages, documents, ours, await outcome(() => aggregateByMingo(documents, stages)))
    }
  }
})

test('updates leave the same documents', async () => {
  for (let round = 0; round < rounds; round++) {
    const documents = await filled()
    const changes = documents.map(() => change())
    const answers = await Promise.all(documents.map(({ _id }, at) => outcome(() => emulator.update({ _id }, changes[at]))))
    const after = await emulator.find({})
    for (const [at, before] of documents.entries()) {
      const theirs = await outcome(() => updateByMingo(before, changes[at]))
      const expected = 'refused' in answers[at] ? { value: plain(before) } : theirs
      agree(changes[at], before, { value: plain(after[at]) }, expected)
      if ('refused' in answers[at]) agree(changes[at], before, theirs, expected)
    }
  }
})
