// A part of the cases in `tests/fixtures/docdb`, chosen and prepared for the SDKs.

import { readFileSync } from 'node:fs'
import * as emulator from './differential/engine.mjs'

const EVERY = { find: 5, update: 12, aggregate: 8 }

// Cases of `$in` with null that the engine's own test overrules, with the reason.
const OVERRULED = ['f-00714', 'f-00783', 'f-00852', 'f-00853']

const load = (name) =>
  readFileSync(new URL(`../fixtures/docdb/${name}.jsonl`, import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line))

// Numbers that JSON cannot write, and what no SDK sends.
const unsayable = /"\$(number|oid|binary|timestamp|minKey|maxKey|expr|type|bits|comment|jsonSchema)|Infinity|NaN/

/** A case that an SDK can be asked to run: one that succeeds, in one collection, by the id where it changes something. */
function suits({ id, kind, docs, spec, expected, collections, error, tags, unordered_fields: sets }) {
  if (OVERRULED.includes(id) || error || collections || sets || tags.includes('geo') || unsayable.test(JSON.stringify([docs, spec, expected]))) return false
  if (kind === 'find') return !spec.projection && spec.limit !== 0
  // The older SDKs write dates into stages as text.
  if (kind === 'aggregate') return !JSON.stringify(spec).includes('$date')
  const paths = Object.values(spec.update).flatMap((fields) => Object.keys(fields ?? {}))
  return JSON.stringify(spec.filter) === '{"_id":1}' && docs.length === 1 && !spec.upsert && !spec.arrayFilters &&
    Object.keys(spec.update).every((name) => name.startsWith('$') && name !== '$set') && !paths.includes('_id')
}

/** Chooses cases, and fills a collection with each set of documents that the reading ones share. */
export async function prepare() {
  const all = [...load('find'), ...load('aggregate_expressions'), ...load('aggregate_groups'), ...load('aggregate_stages')]
  const reading = all.filter(suits).filter((it, at) => at % EVERY[it.kind] === 0)
  const collections = new Map()
  for (const { docs } of reading) {
    const key = JSON.stringify(docs)
    if (!collections.has(key)) collections.set(key, `cases_${collections.size}`)
  }
  await Promise.all([...collections].map(([docs, name]) => emulator.fill(JSON.parse(docs), name)))
  const read = reading.map(({ docs, ...it }) => ({ ...it, collection: collections.get(JSON.stringify(docs)) }))

  await emulator.create('cases_updated')
  const updates = load('update').filter(suits).filter((_, at) => at % EVERY.update === 0)
  /** The updates need documents of their own for each SDK. */
  const forSdk = async (sdk) => {
    const ready = updates.map(({ docs: [{ _id, ...doc }], expected: [{ _id: same, ...after }], ...it }) => {
      const id = `${sdk}-${it.id}`
      return { doc: { _id: id, ...doc }, one: { ...it, id, collection: 'cases_updated', expected: [after] } }
    })
    await emulator.insert(ready.map(({ doc }) => doc), 'cases_updated')
    return [...read, ...ready.map(({ one }) => one)]
  }
  return forSdk
}
