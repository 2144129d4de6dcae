// `db.command`, with the operators of an aggregation.

// Returns a command inside a value: an operator of an aggregation, or of a query in `match`.
Command.prototype.expression = function (above) {
  var result = {}
  if (this.kind === 'aggregate') {
    var value = this.operands[0]
    result[this.operator] = value === undefined ? {} : encode(value, above)
    return result
  }
  throw misuse(-401003, 'a command stands where only a value may')
}

var AGGREGATES = (
  'abs add addToSet allElementsTrue and anyElementTrue arrayElemAt arrayToObject avg ceil cmp concat concatArrays cond ' +
  'convert dateFromParts dateFromString dateToParts dateToString dayOfMonth dayOfWeek dayOfYear divide eq exp filter first ' +
  'floor gt gte hour ifNull in indexOfArray indexOfBytes indexOfCP isArray isoDayOfWeek isoWeek isoWeekYear last let ' +
  'literal ln log log10 lt lte ltrim map max mergeObjects meta millisecond min minute mod month multiply not objectToArray ' +
  'or pow push range reduce reverseArray rtrim second setDifference setEquals setIntersection setIsSubset setUnion size ' +
  'slice split sqrt stdDevPop stdDevSamp strLenBytes strLenCP strcasecmp substr substrBytes substrCP subtract sum switch ' +
  'toBool toDate toDecimal toDouble toInt toLong toLower toObjectId toString toUpper trim trunc type week year zip'
).split(' ')

function aggregateCommands() {
  var result = {}
  function add(name, operator) {
    result[name] = function (value) {
      return new Command('aggregate', operator, [arguments.length > 1 ? flat(arguments) : value])
    }
  }
  AGGREGATES.forEach(function (name) {
    add(name, '$' + name)
  })
  add('neq', '$ne')
  result.pipeline = function () {
    return new Pipeline()
  }
  return result
}

function commands() {
  var result = {
    and: logic('$and'),
    or: logic('$or'),
    nor: logic('$nor'),
    not: function (it) {
      return new Command('logic', '$not', [it])
    },
    expr: function (it) {
      return new Command('expr', '$expr', [it])
    },
    project: {
      slice: function () {
        return new Command('projection', '$slice', [arguments.length > 1 ? flat(arguments) : arguments[0]])
      }
    },
    aggregate: aggregateCommands()
  }
  Object.keys(UPDATES).forEach(function (name) {
    result[name] = update(name)
  })
  Object.keys(QUERIES).forEach(function (name) {
    result[name] = function () {
      return query(name, arguments)
    }
  })
  return result
}
