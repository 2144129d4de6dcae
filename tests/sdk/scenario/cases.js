// Cases of `tests/fixtures/docdb`, said in the words of an SDK: commands, calls, aggregation stages.
// A case that this generation has no words for is passed over.

const OPERATORS = {
  $eq: 'eq', $ne: 'neq', $gt: 'gt', $gte: 'gte', $lt: 'lt', $lte: 'lte', $in: 'in', $nin: 'nin', $exists: 'exists',
  $size: 'size', $all: 'all', $mod: 'mod', $not: 'not', $elemMatch: 'elemMatch', $and: 'and', $or: 'or', $nor: 'nor',
  $set: 'set', $unset: 'remove', $inc: 'inc', $mul: 'mul', $min: 'min', $max: 'max', $push: 'push', $rename: 'rename',
  $addToSet: 'addToSet', $pull: 'pull', $pullAll: 'pullAll',
}

class NoWords extends Error {}

const isObject = (value) => Object.prototype.toString.call(value) === '[object Object]'
const hasOperators = (value) => isObject(value) && Object.keys(value).some((name) => name.startsWith('$'))
const mapped = (object, map) => Object.fromEntries(Object.entries(object).map(([name, it]) => [name, map(it)]))

/** Dates of Extended JSON as the SDK takes them; everything else of a case is plain. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain)
  if (!isObject(value)) return value
  return typeof value.$date === 'string' ? new Date(value.$date) : mapped(value, plain)
}

function words(db) {
  const _ = db.command
  const command = (operator, operand) => {
    const name = OPERATORS[operator]
    if (!name || typeof _[name] !== 'function') throw new NoWords(operator)
    return _[name](operand)
  }
  const operand = (operator, value) => {
    if (operator === '$not') return condition(value)
    if (operator === '$elemMatch') return hasOperators(value) ? condition(value) : query(value)
    return plain(value)
  }
  const condition = (value) => {
    if (value && value.$regularExpression) {
      const { pattern, options } = value.$regularExpression
      return db.RegExp({ regexp: pattern, options })
    }
    // A plain object is taken apart into paths unless it stands in a command.
    if (!hasOperators(value) || value.$date) return command('$eq', plain(value))
    const commands = Object.entries(value).map(([name, it]) => command(name, operand(name, it)))
    return commands.reduce((all, one) => all.and(one))
  }
  const query = (filter) => {
    const [[name, branches] = []] = Object.entries(filter)
    if (OPERATORS[name] && Object.keys(filter).length === 1) return command(name, branches.map(query))
    if (hasOperators(filter)) throw new NoWords(Object.keys(filter).join())
    return mapped(filter, condition)
  }
  const pushed = (value) => {
    if (!value || !value.$each) return [plain(value)]
    // `_.push` learned its modifiers in the version that brought `_.addToSet`.
    if (!_.addToSet) throw new NoWords('$each')
    return Object.fromEntries(Object.entries(value).map(([name, it]) => [name.slice(1), plain(it)]))
  }
  const changes = (update) => {
    const data = {}
    for (const [operator, fields] of Object.entries(update)) {
      for (const [path, value] of Object.entries(fields)) {
        if (operator === '$pop') data[path] = value === 1 ? _.pop() : _.shift()
        else if (operator === '$push') data[path] = command('$push', pushed(value))
        else if (operator === '$pull' && isObject(value)) data[path] = command('$pull', hasOperators(value) ? condition(value) : query(value))
        else if (operator === '$addToSet' && value && value.$each) data[path] = command('$addToSet', { $each: plain(value.$each) })
        else data[path] = command(operator, plain(value))
      }
    }
    return data
  }
  return { query, changes }
}

async function find(sdk, { collection, spec }) {
  let call = sdk.db.collection(collection)
  if (Object.keys(spec.filter || {}).length) call = call.where(words(sdk.db).query(spec.filter))
  for (const [path, order] of Object.entries(spec.sort || {})) call = call.orderBy(path, order === 1 ? 'asc' : 'desc')
  if (spec.skip) call = call.skip(spec.skip)
  if (spec.limit) call = call.limit(spec.limit)
  return (await call.get()).data
}

async function aggregate(sdk, { collection, spec }) {
  let call = sdk.db.collection(collection)
  if (!call.aggregate) throw new NoWords('aggregate')
  call = call.aggregate()
  for (const stage of spec.pipeline) {
    const [[name, value]] = Object.entries(stage)
    if (typeof call[name.slice(1)] !== 'function') throw new NoWords(name)
    call = call[name.slice(1)](plain(value))
  }
  return sdk.list(await call.end())
}

async function update(sdk, { collection, id, spec }) {
  const data = words(sdk.db).changes(spec.update)
  await sdk.updateDoc(collection, id, data)
  const [{ _id, ...left }] = [await sdk.getDoc(collection, id)].flat()
  return [left]
}

/** Whether two values are equal as a case means it: numbers by their value, fields in any order. */
function alike(left, right) {
  if (typeof left === 'number' && typeof right === 'number') return left === right || Math.abs(left - right) <= 1e-9 * Math.abs(left)
  if (left instanceof Date || right instanceof Date) return new Date(left).getTime() === new Date(right).getTime()
  if (Array.isArray(left)) return Array.isArray(right) && left.length === right.length && left.every((it, at) => alike(it, right[at]))
  if (!isObject(left) || !isObject(right)) return left === right
  const names = Object.keys(left)
  return names.length === Object.keys(right).length && names.every((name) => name in right && alike(left[name], right[name]))
}

function alikeInAnyOrder(left, right) {
  const rest = [...right]
  return left.length === right.length && left.every((it) => {
    const at = rest.findIndex((other) => alike(it, other))
    return at >= 0 && rest.splice(at, 1).length === 1
  })
}

/** Runs the cases; answers how many there were words for, and what was wrong. */
module.exports = async function run(sdk, cases) {
  const outcome = { ran: 0, wrong: [] }
  for (const one of cases) {
    try {
      const found = await { find, aggregate, update }[one.kind](sdk, one)
      const expected = plain(one.expected)
      outcome.ran += 1
      if (!(one.unordered ? alikeInAnyOrder : alike)(expected, found)) {
        outcome.wrong.push(`${one.id} ${JSON.stringify(one.spec)}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`)
      }
    } catch (error) {
      if (!(error instanceof NoWords)) outcome.wrong.push(`${one.id} ${JSON.stringify(one.spec)}: ${sdk.message(error)}`)
    }
  }
  return outcome
}
