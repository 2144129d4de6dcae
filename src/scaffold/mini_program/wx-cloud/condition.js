// Conditions: what `where` and `match` are given.

// Returns the conditions on one field.
function fieldCondition(path, value) {
  var result = {}
  if (!(value instanceof Command)) {
    if (isPlain(value) && Object.keys(value).length > 0) return nested(path, value)
    result[path] = encode(value)
    return result
  }
  if (value.kind === 'query') {
    var argument = value.argument()
    // A pattern is a condition by itself.
    result[path] = argument && argument.$regex !== undefined && value.operator === '$eq' ? argument : value.operators()
    return result
  }
  if (value.kind !== 'logic') throw misuse(-401003, '`' + path + '` holds a command that is not for queries')
  if (value.operator === '$not') {
    var inner = value.operands[0]
    if (inner instanceof Command && inner.kind === 'query') {
      result[path] = { $not: inner.operators() }
      return result
    }
    return { $nor: [fieldCondition(path, inner)] }
  }
  result[value.operator] = value.operands.map(function (it) {
    return fieldCondition(path, it)
  })
  return result
}

function nested(path, object) {
  var parts = Object.keys(object).map(function (key) {
    return fieldCondition(path ? path + '.' + key : key, object[key])
  })
  return all(parts)
}

// Joins conditions; those that would take one another's place stand in an `$and`.
function all(parts) {
  var result = {}
  var collides = parts.some(function (part) {
    return Object.keys(part).some(function (key) {
      var taken = has(result, key)
      result[key] = part[key]
      return taken
    })
  })
  return collides ? { $and: parts } : result
}

// Refuses a condition that refers to itself; `above` are the objects it lies in.
function refuseRound(value, above) {
  if (value === null || typeof value !== 'object') return
  var inner = value instanceof Command ? value.operands : value
  if (inner === value && isSpecial(value)) return
  if (above.indexOf(value) >= 0) throw misuse(-402001, 'the data refers to itself')
  above = above.concat([value])
  Object.keys(inner).forEach(function (key) {
    refuseRound(inner[key], above)
  })
}

// Returns what `where` was given as a query.
function condition(given) {
  if (given === undefined || given === null) return {}
  if (!(given instanceof Command)) {
    var kept = {}
    Object.keys(given).forEach(function (key) {
      if (given[key] !== undefined) kept[key] = given[key]
    })
    return nested('', kept)
  }
  if (given.kind === 'expr') return { $expr: encode(given.operands[0]) }
  if (given.kind !== 'logic') throw misuse(-401003, 'a comparison needs a field')
  if (given.operator === '$not') return { $nor: given.operands.map(condition) }
  var result = {}
  result[given.operator] = given.operands.map(condition)
  return result
}
