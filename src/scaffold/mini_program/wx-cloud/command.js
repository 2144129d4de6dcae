// Something of `db.command`: `kind` is `query`, `logic`, `update`, `aggregate` or `projection`.
function Command(kind, operator, operands) {
  this.kind = kind
  this.operator = operator
  this.operands = operands
}

var QUERIES = {
  eq: '$eq', neq: '$ne', gt: '$gt', gte: '$gte', lt: '$lt', lte: '$lte', in: '$in', nin: '$nin', exists: '$exists',
  mod: '$mod', all: '$all', elemMatch: '$elemMatch', size: '$size', geoNear: '$nearSphere', geoWithin: '$geoWithin',
  geoIntersects: '$geoIntersects'
}

function logic(operator) {
  return function () {
    var operands = flat(arguments)
    if (this instanceof Command) operands.unshift(this)
    return new Command('logic', operator, operands)
  }
}

function flat(given) {
  return given.length === 1 && Array.isArray(given[0]) ? given[0].slice() : Array.prototype.slice.call(given)
}

Command.prototype.and = logic('$and')
Command.prototype.or = logic('$or')
Command.prototype.nor = logic('$nor')
Command.prototype.not = function (it) {
  return this.and(new Command('logic', '$not', [it]))
}

Object.keys(QUERIES).forEach(function (name) {
  Command.prototype[name] = function () {
    return this.and(query(name, arguments))
  }
})

function query(name, given) {
  return new Command('query', QUERIES[name], name === 'mod' ? [flat(given)] : [given[0]])
}

// Returns the value beside an operator of a query.
Command.prototype.argument = function () {
  var value = this.operands[0]
  switch (this.operator) {
    case '$elemMatch':
      return value instanceof Command ? value.operators() : condition(value)
    case '$nearSphere':
      var near = { $geometry: encode(value.geometry) }
      if (value.maxDistance !== undefined) near.$maxDistance = value.maxDistance
      if (value.minDistance !== undefined) near.$minDistance = value.minDistance
      return near
    case '$geoWithin':
      if (!value.centerSphere) return { $geometry: encode(value.geometry) }
      var centre = value.centerSphere[0]
      return { $centerSphere: [centre.isGeo ? centre.coordinates() : centre, value.centerSphere[1]] }
    case '$geoIntersects':
      return { $geometry: encode(value.geometry) }
    default:
      return encode(value)
  }
}

// Returns the operators alone, without a field: `{$gt: 1, $lt: 5}`.
Command.prototype.operators = function () {
  var result = {}
  if (this.kind === 'query') {
    result[this.operator] = this.argument()
    return result
  }
  if (this.kind === 'logic' && this.operator === '$and') {
    this.operands.forEach(function (it) {
      assign(result, it instanceof Command ? it.operators() : { $eq: encode(it) })
    })
    return result
  }
  if (this.kind === 'logic' && this.operator === '$not') {
    result.$not = this.operands[0] instanceof Command ? this.operands[0].operators() : { $eq: encode(this.operands[0]) }
    return result
  }
  throw misuse(-401003, 'a command that does not suit its place')
}
