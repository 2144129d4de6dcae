// The emulator's database by its wire, as plain JavaScript values.

const url = `${process.env.CLOUDKIT_EMULATOR_URL}/admin`

/** Extended JSON: dates, and numbers by their JavaScript value. */
function encode(value) {
  if (value instanceof Date) return { $date: { $numberLong: String(value.getTime()) } }
  if (Array.isArray(value)) return value.map(encode)
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, encode(it)]))
  return value
}

function decode(value) {
  if (Array.isArray(value)) return value.map(decode)
  if (!value || typeof value !== 'object') return value
  if (value.$date) return new Date(Number(value.$date.$numberLong))
  const number = value.$numberInt ?? value.$numberLong ?? value.$numberDouble
  if (number !== undefined) return Number(number)
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, decode(it)]))
}

const text = (value) => JSON.stringify(encode(value))

async function call(action, request, collectionName = 'c') {
  const body = JSON.stringify({ action: `database.${action}`, collectionName, ...request })
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const answer = await response.json()
  if (answer.code) throw Object.assign(new Error(answer.message), answer)
  return answer.data
}

const list = (data) => data.list.map((it) => decode(JSON.parse(it)))

export const create = (collection) => call('addCollection', {}, collection)
export const insert = (documents, collection) => call('insertDocument', { data: documents.map(text) }, collection)
export const find = async (filter) => list(await call('getDocument', { query: text(filter), limit: 1000 }))
export const update = (filter, change) =>
  call('modifyDocument', { query: text(filter), data: text(change), multi: false, merge: true, upsert: false })

/** Makes a collection, or empties it, and inserts documents. */
export async function fill(documents, collection) {
  await create(collection).catch(() => call('removeDocument', { query: '{}', multi: true }, collection))
  await insert(documents, collection)
}

export async function aggregate(pipeline) {
  const stages = pipeline.flatMap((stage) => Object.entries(stage))
  return list(await call('aggregateDocuments', { stages: stages.map(([name, it]) => ({ stageKey: name, stageValue: text(it) })) }))
}
