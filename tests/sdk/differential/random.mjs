// Random documents, filters, updates and pipelines, equal for equal seeds.

/** Numbers from 0 to below 1 by mulberry32. */
function generator(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function random(seed) {
  const next = generator(seed)
  const below = (bound) => Math.floor(next() * bound)
  const pick = (list) => list[below(list.length)]
  const often = (share) => next() < share
  const many = (most, make) => Array.from({ length: below(most + 1) }, () => make())
  const some = (most, make) => [make(), ...many(most - 1, make)]

  // Values

  const number = () => pick([0, 1, 2, 3, 5, -1, 1.5, 2.5, 100])
  const text = () => pick(['', 'a', 'b', 'ab', 'B', '10', 'aab', '云a'])
  const date = () => new Date(pick([0, 1, 1709972415123, 1704067199999, 1735689600000, -86400000]))
  const scalar = () => pick([number, number, number, text, text, () => true, () => false, () => null, date])()
  // Names always come in one order: mingo does not look at the order of an object's fields.
  const object = (depth) => {
    const made = {}
    for (const name of ['p', 'q']) if (often(0.7)) made[name] = value(depth - 1)
    return made
  }
  const value = (depth) => {
    if (depth <= 0 || often(0.6)) return scalar()
    return often(0.5) ? object(depth) : many(3, () => value(depth - 1))
  }

  const document = (_id) => {
    const made = { _id }
    for (const name of ['a', 'b']) if (often(0.85)) made[name] = value(2)
    if (often(0.8)) made.o = object(2)
    if (often(0.8)) made.l = many(4, () => (often(0.5) ? object(1) : scalar()))
    made.list = many(4, number)
    made.set = pick([[], [1], [2, 'a'], [1.5, 'b', 2]])
    // Fields of one type each, for expressions.
    if (often(0.9)) made.n = often(0.1) ? null : number()
    made.i = pick([-3, 0, 1, 2, 3, 7])
    made.m = pick([1, 2, 3, 4])
    if (often(0.9)) made.s = often(0.1) ? null : text()
    if (often(0.9)) made.d = date()
    if (often(0.9)) made.ns = many(4, number)
    if (often(0.9)) made.os = many(3, () => object(1))
    return made
  }

  // Filters
  //
  // What is left out is where mingo is not MongoDB: `$mod` of fractions, dates and null; null and missing along a path
  // through an array, in `$all` and inequalities; `$all` of dates and on scalars; `$type` of an array's elements; `$size`
  // and `$exists` along a path through an array; `$elemMatch` of scalars by field, and of arrays in arrays, which it
  // opens, as it does on paths; booleans beside dates; bits of what is missing.

  const plain = ['a', 'b', 'l', 'n', 's', 'd', 'ns', 'zz']
  const nested = ['o.p', 'l.p', 'os.q', 'os.p.p']
  const present = () => pick([number, number, text, text, date])()
  const inequality = () => ({ [pick(['$gt', '$gte', '$lt', '$lte'])]: present() })
  const comparison = () => (often(0.7) ? inequality() : { $in: many(3, present) })
  const anywhere = {
    $eq: present,
    $ne: present,
    $in: () => many(3, present),
    $nin: () => many(3, present),
    $not: () => comparison(),
  }
  const atTheTop = {
    ...anywhere,
    $eq: () => value(1),
    $ne: () => value(1),
    $in: () => many(3, scalar),
    $nin: () => many(3, scalar),
    $exists: () => often(0.5),
    $size: () => below(4),
  }
  const operator = (table) => {
    const name = pick(Object.keys(table))
    return { [name]: table[name]() }
  }
  const condition = () =>
    pick([
      () => [pick(plain), operator(atTheTop)],
      () => [pick(plain), inequality()],
      () => [pick(plain), scalar()],
      () => [pick(nested), operator(anywhere)],
      () => [pick(nested), inequality()],
      () => [pick(['i', 'm']), { $mod: [pick([2, 3, -2]), pick([0, 1])] }],
      () => [pick(['s', 'l', 'l.p']), { $regex: pick(['^a', 'b$', 'a.', '[0-9]', '^$']) }],
      () => ['i', { $exists: true, [pick(['$bitsAllSet', '$bitsAnySet', '$bitsAllClear', '$bitsAnyClear'])]: below(8) }],
      () => ['ns', { $elemMatch: comparison() }],
      () => [pick(['list', 'l']), { $all: some(2, pick([number, text])) }],
      () => [pick(['n', 's', 'd', 'o', 'i']), { $type: pick(['string', 'number', 'bool', 'date', 'array', 'object']) }],
      () => ['os', { $elemMatch: Object.fromEntries(some(2, () => [pick(['p', 'q']), pick([number, text, inequality])()])) }],
    ])()
  const filter = (depth = 2) => {
    const made = {}
    if (depth > 0 && often(0.3)) made[pick(['$and', '$or', '$nor'])] = some(2, () => filter(depth - 1))
    if (often(0.15)) made.$expr = truth(1)
    return Object.assign(made, Object.fromEntries(many(2, condition)))
  }

  // Expressions, by the type they give
  //
  // Fields that may be missing have a substitute, as mingo throws or answers null where MongoDB knows better.

  const S = { $ifNull: ['$s', ''] }
  const M = { $ifNull: ['$m', 3] }
  const N = { $ifNull: ['$n', 4] }
  const NS = { $ifNull: ['$ns', []] }
  const D = { $ifNull: ['$d', new Date(1709972415123)] }
  const numeric = (depth) => {
    const inner = () => numeric(depth - 1)
    if (depth <= 0) return pick([N, M, '$m', '$n', number()])
    return pick([
      () => ({ $add: some(3, inner) }),
      () => ({ $subtract: [inner(), inner()] }),
      () => ({ $multiply: some(2, inner) }),
      () => ({ $divide: [inner(), pick([1, 2, -4])] }),
      () => ({ $mod: [M, pick([2, 3, -2])] }),
      () => ({ $abs: inner() }),
      () => ({ $ceil: inner() }),
      () => ({ $floor: inner() }),
      () => ({ $trunc: [M, pick([0, 1])] }),
      () => ({ $round: [M, pick([0, 1])] }),
      () => ({ $pow: [M, pick([0, 2])] }),
      () => ({ [pick(['$sum', '$avg', '$min', '$max', '$stdDevPop'])]: pick([{ $concatArrays: [NS, [1]] }, [N, M, 1]]) }),
      () => ({ $cond: [truth(depth - 1), inner(), inner()] }),
      () => ({ $ifNull: ['$n', inner()] }),
      () => ({ $size: NS }),
      () => ({ [pick(['$strLenCP', '$strLenBytes'])]: S }),
      () => ({ [pick(['$year', '$month', '$dayOfMonth', '$hour', '$minute', '$second', '$millisecond', '$dayOfYear', '$dayOfWeek', '$isoWeek', '$isoDayOfWeek'])]: D }),
      () => ({ $hour: { date: D, timezone: pick(['+08:00', '-0530']) } }),
      () => ({ $reduce: { input: NS, initialValue: 0, in: { $add: ['$$value', '$$this'] } } }),
      () => ({ $let: { vars: { x: inner() }, in: { $add: ['$$x', M] } } }),
      () => ({ $indexOfArray: [NS, number()] }),
      () => ({ $switch: { branches: [{ case: truth(0), then: inner() }, { case: truth(0), then: 7 }], default: inner() } }),
      () => ({ $toInt: N }),
      () => ({ $arrayElemAt: [{ $concatArrays: [NS, [1, 2]] }, pick([0, 1, -1])] }),
      () => ({ $dateDiff: { startDate: new Date(0), endDate: D, unit: pick(['year', 'month', 'day', 'hour']) } }),
    ])()
  }
  const textual = () =>
    pick([
      () => ({ $concat: [S, pick(['', '-'])] }),
      () => ({ [pick(['$toUpper', '$toLower'])]: S }),
      () => ({ $substrCP: [S, below(2), below(3)] }),
      () => ({ $trim: { input: S, chars: 'a' } }),
      () => ({ [pick(['$replaceAll', '$replaceOne'])]: { input: S, find: 'a', replacement: 'xx' } }),
      () => ({ $dateToString: { date: D, format: '%Y-%m-%dT%H:%M:%S.%LZ %j %u %V', timezone: pick(['+08:00', '-05:30']) } }),
      () => ({ $type: pick(['$s', '$d', '$ns', '$zz']) }),
      () => ({ $regexFind: { input: S, regex: 'a(b)?' } }),
    ])()
  const listing = (depth) =>
    pick([
      () => '$ns',
      () => ({ $map: { input: NS, as: 'it', in: { $add: ['$$it', numeric(depth - 1)] } } }),
      () => ({ $filter: { input: NS, as: 'it', cond: { $gt: ['$$it', number()] } } }),
      () => ({ $slice: [NS, pick([1, 2, -1, -2])] }),
      () => ({ $slice: [NS, pick([0, 1, -2]), 2] }),
      () => ({ $concatArrays: [NS, [number()]] }),
      () => ({ $reverseArray: NS }),
      () => ({ $range: [0, pick([0, 3, 5]), pick([1, 2])] }),
      () => ({ $split: [S, 'a'] }),
      () => ({ $sortArray: { input: NS, sortBy: pick([1, -1]) } }),
      () => ({ [pick(['$firstN', '$lastN', '$minN', '$maxN'])]: { input: NS, n: pick([1, 2]) } }),
      () => ({ $zip: { inputs: [{ $concatArrays: [NS, [9]] }, [1, 2]] } }),
      () => ({ $objectToArray: { $ifNull: ['$o', {}] } }),
      () => ({ $setDifference: [NS, [1, 2]] }),
      () => ({ $mergeObjects: ['$o', { z: number() }] }),
      () => ({ [pick(['$setEquals', '$setIsSubset'])]: [NS, [1, 2, 3]] }),
    ])()
  const truth = (depth) =>
    pick([
      () => ({ [pick(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'])]: [{ $ifNull: [numeric(depth - 1), 0] }, number()] }),
      () => ({ $in: [number(), NS] }),
      () => ({ [pick(['$and', '$or'])]: some(2, () => ({ $gt: [M, number()] })) }),
      () => ({ $not: [{ $eq: ['$s', text()] }] }),
      () => ({ $isArray: pick(['$ns', '$a', '$l']) }),
      () => ({ $regexMatch: { input: S, regex: pick(['^a', 'b']) } }),
    ])()
  const expression = () => pick([numeric, numeric, textual, listing, truth])(2)

  // Pipelines
  //
  // Left out: `$bucket`, which mingo fills loosely; `granularity`, where its first bucket begins at 0; `$unwind` of empty
  // objects; what is missing inside an object, which is there all the same.

  const keys = () => pick([N, S, { $type: '$s' }, { $mod: [M, 2] }, null, { k: S }])
  const accumulators = {
    $sum: () => numeric(1),
    $avg: () => N,
    $min: () => M,
    $max: () => pick([M, S]),
    $first: () => S,
    $last: () => N,
    $push: () => pick([S, N]),
    $stdDevPop: () => M,
    $count: () => ({}),
    $mergeObjects: () => '$o',
    $firstN: () => ({ input: N, n: 2 }),
    $maxN: () => ({ input: N, n: 2 }),
    $topN: () => ({ n: 2, sortBy: { m: -1, _id: 1 }, output: N }),
  }
  const stages = {
    $match: () => filter(1),
    $project: () => (often(0.3) ? { a: 0, 'o.p': 0 } : { n: 1, x: expression(), y: { z: expression() } }),
    $addFields: () => ({ x: expression(), 'o.z': { $ifNull: [expression(), 0] } }),
    $unset: () => pick(['a', ['b', 'o.p']]),
    $limit: () => 1 + below(6),
    $skip: () => below(4),
    $sort: () => ({ [pick(['i', 'm', 'd'])]: pick([1, -1]), _id: 1 }),
    $unwind: () => ({ path: pick(['$ns', '$zz']), includeArrayIndex: 'at', preserveNullAndEmptyArrays: often(0.5) }),
    $replaceWith: () => ({ n: '$n', m: '$m', s: '$s', w: expression() }),
  }
  const last = {
    $group: () => ({ _id: keys(), x: operator(accumulators), y: operator(accumulators) }),
    $count: () => 'total',
    $bucketAuto: () => ({ groupBy: M, buckets: pick([1, 2, 3]) }),
    $sortByCount: () => S,
    $lookup: () => ({ from: 'c', localField: 'm', foreignField: pick(['m', 'i']), as: 'joined' }),
    $facet: () => ({ x: [operator(stages)], y: [operator(stages)] }),
  }
  const pipeline = () => [...many(3, () => operator(stages)), ...(often(0.5) ? [operator(last)] : [])]

  // Updates

  const place = () => pick(['a', 'b', 'o.p', 'o.r', 'n', 'zz', 'ns', 'l', 'l.0', 'ns.1', 'm.q', 'o.r.q'])
  const push = () => ({
    $each: many(3, number),
    ...(often(0.4) && { $position: pick([0, 1, -1]) }),
    ...(often(0.4) && { $sort: pick([1, -1]) }),
    ...(often(0.4) && { $slice: pick([2, -2, 0]) }),
  })
  const changes = {
    $set: () => ({ [place()]: value(1) }),
    $unset: () => ({ [place()]: '' }),
    $inc: () => ({ [place()]: number() }),
    $mul: () => ({ [place()]: number() }),
    // mingo knows no order between types, forgets the modifiers of what creates an array, and sets hold nothing twice.
    $min: () => ({ [pick(['i', 'm', 'zz'])]: number() }),
    $max: () => ({ [pick(['i', 'm', 'zz'])]: number() }),
    $push: () => (often(0.4) ? { [place()]: number() } : { list: push() }),
    $addToSet: () => ({ set: often(0.5) ? pick([number, text])() : { $each: many(3, pick([number, text])) } }),
    $pop: () => ({ [place()]: pick([1, -1]) }),
    $pull: () => ({ [place()]: often(0.5) ? number() : comparison() }),
    $pullAll: () => ({ [place()]: many(3, number) }),
    $bit: () => ({ [pick(['i', 'zz', 's'])]: { [pick(['and', 'or', 'xor'])]: below(8) } }),
    $rename: () => ({ [pick(['a', 'zz', 'o.p'])]: pick(['yy', 'o.y']) }),
  }
  const update = () => operator(changes)

  return { document, filter, pipeline, update }
}
