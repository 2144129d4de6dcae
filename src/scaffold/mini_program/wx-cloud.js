// wx.cloud on the cloudkit emulator, for WeChat DevTools and for tests in Node.
// 让 wx.cloud 连接本机的 cloudkit 模拟器，可用于微信开发者工具和 Node 测试。
//
// First line of app.js (or game.js) / app.js（或 game.js）第一行：
//
//   require('./cloudkit/wx-cloud').auto()
//
// Nothing happens unless `cloudkit emulate` is running (it writes local.js beside this file) and the mini program is a
// development build. 只有 `cloudkit emulate` 正在运行且小程序为开发版时才生效。
'use strict'

var READ_LIMIT = 20
var OPENID_KEY = 'cloudkit.openid'
var NOT_STARTED =
  "Cloud API isn't enabled, please call wx.cloud.init first\n请先调用 wx.cloud.init() 完成初始化后再调用其他云 API。"

// ---------------------------------------------------------------------------------------------------- errors

// What the platform calls a code, and its number. A code that is not here is -501001.
var CODES = {
  INVALID_PARAM: [-501007, 'invalid parameters'],
  INVALID_ENV: [-501000, 'Environment not found'],
  DATABASE_REQUEST_FAILED: [-502001, 'database request fail'],
  DATABASE_DUPLICATE_WRITE: [-502001, 'database request fail'],
  DATABASE_INVALID_OPERRATOR: [-502002, 'database invalid operator'],
  DATABASE_PERMISSION_DENIED: [-502003, 'database permission denied'],
  DATABASE_COLLECTION_NOT_EXIST: [-502005, 'database collection not exists'],
  STORAGE_REQUEST_FAIL: [-503001, 'storage request fail'],
  STORAGE_EXCEED_AUTHORITY: [-503002, 'storage permission denied'],
  STORAGE_FILE_NONEXIST: [-503003, 'storage file not exists'],
  STORAGE_SIGN_PARAM_INVALID: [-503004, 'storage signature invalid'],
  FUNCTION_NOT_FOUND: [-501000, ''],
  FUNCTIONS_REQUEST_FAIL: [-504001, 'functions request fail'],
  FUNCTIONS_EXECUTE_FAIL: [-504002, 'functions execute fail'],
  FUNCTION_INVOCATION_FAILED: [-504002, 'functions execute fail'],
  FUNCTIONS_TIME_LIMIT_EXCEEDED: [-504003, 'functions time limit exceeded'],
  FUNCTION_TIME_LIMIT_EXCEEDED: [-504003, 'functions time limit exceeded'],
  EXCEED_AUTHORITY: [-501023, 'permission denied'],
  PERMISSION_DENIED: [-501023, 'permission denied']
}
var SYSTEM_ERROR = [-501001, 'resource system error']

// An error of the shape every wx.cloud call fails with.
function failure(errCode, errMsg) {
  var error = new Error(errMsg)
  error.errCode = errCode
  error.errMsg = errMsg
  return error
}

// Something the caller did wrong, told without asking the server.
function misuse(errCode, message) {
  var error = new Error(message)
  error.cloudkit = { errCode: errCode, text: message }
  return error
}

// An answer {code, message} of the server.
function refusal(answer) {
  var error = new Error(answer.message)
  error.cloudkit = { code: answer.code, text: answer.message || '', requestID: answer.requestId }
  return error
}

// Puts an error into the words of the call that failed: `collection.get:fail -502005 … | errMsg: …`.
function told(api, error) {
  if (error && error.errMsg && error.errCode !== undefined) return error
  var known = (error && error.cloudkit) || { errCode: -1, text: String((error && (error.errMsg || error.message)) || error) }
  if (known.errCode !== undefined) return failure(known.errCode, api + ':fail ' + known.text)
  var named = CODES[known.code] || SYSTEM_ERROR
  var name = named[1] ? ' ' + named[1] : ''
  var lead = api.indexOf('cloud.') === 0 ? ':fail Error: errCode: ' : ':fail '
  var text = known.code === 'FUNCTION_NOT_FOUND' ? 'FunctionName parameter could not be found' : known.text
  var result = failure(named[0], api + lead + named[0] + name + ' | errMsg: ' + text)
  if (known.requestID) result.requestID = known.requestID
  return result
}

// Returns what `work` returns; misuse is told in the words of the call.
function spoken(api, work) {
  try {
    return work()
  } catch (error) {
    throw told(api, error)
  }
}

// ---------------------------------------------------------------------------------------------------- calls

function isFunction(value) {
  return typeof value === 'function'
}

function hasCallback(options) {
  return !!options && (isFunction(options.success) || isFunction(options.fail) || isFunction(options.complete))
}

// Runs `work` the way every wx.cloud call runs: a promise, or, with any callback given, callbacks and no promise.
function run(api, options, work) {
  var done = Promise.resolve()
    .then(work)
    .then(
      function (result) {
        result.errMsg = api + ':ok'
        return result
      },
      function (error) {
        throw told(api, error)
      }
    )
  if (!hasCallback(options)) return done
  function call(name, value) {
    // What a callback throws is the caller's: it must not end up as another failure of this call.
    if (isFunction(options[name])) {
      setTimeout(function () {
        options[name](value)
      }, 0)
    }
  }
  done.then(
    function (result) {
      call('success', result)
      call('complete', result)
    },
    function (error) {
      call('fail', error)
      call('complete', error)
    }
  )
}

function assign(target) {
  for (var at = 1; at < arguments.length; at++) {
    for (var key in arguments[at]) {
      if (has(arguments[at], key)) target[key] = arguments[at][key]
    }
  }
  return target
}

function has(object, key) {
  return Object.prototype.hasOwnProperty.call(object, key)
}

// ---------------------------------------------------------------------------------------------------- session

// One test user's way to the emulator.
function Session(wx, settings) {
  this.wx = wx
  this.origin = settings.origin.replace(/\/+$/, '')
  this.env = settings.env || 'local'
  this.openid = settings.openid
  this.openData = settings.openData || {}
  this.token = null
}

Session.prototype.signIn = function () {
  var session = this
  if (!this.token) {
    this.token = this.post('/__cloudkit/sign-in', { openid: this.openid }).then(function (answer) {
      return answer.access_token
    })
    this.token.then(null, function () {
      session.token = null
    })
  }
  return this.token
}

Session.prototype.post = function (path, body) {
  var session = this
  return new Promise(function (resolve, reject) {
    session.wx.request({
      url: session.origin + path,
      method: 'POST',
      header: { 'content-type': 'application/json' },
      data: JSON.stringify(body),
      success: function (response) {
        var answer = response.data
        if (typeof answer === 'string') {
          try {
            answer = JSON.parse(answer)
          } catch (error) {
            answer = { code: 'SYS_ERR', message: answer }
          }
        }
        if (!answer || typeof answer !== 'object') answer = { code: 'SYS_ERR', message: 'an answer without a body' }
        if (answer.code || answer.error) return reject(refusal(answer.code ? answer : { code: answer.error, message: answer.error_description }))
        resolve(answer)
      },
      fail: function (error) {
        var why = (error && error.errMsg) || error
        reject(
          misuse(
            -601003,
            'the cloudkit emulator at ' + session.origin + ' does not answer (' + why + '); start it with `cloudkit emulate`'
          )
        )
      }
    })
  })
}

// Asks one action of the environment; a token that has expired is replaced once.
Session.prototype.ask = function (action, fields) {
  var session = this
  function once() {
    return session.signIn().then(function (token) {
      var body = assign({ action: action, dataVersion: '2020-01-10', env: session.env, access_token: token }, fields)
      return session.post('/web?env=' + encodeURIComponent(session.env), body)
    })
  }
  return once().then(null, function (error) {
    var code = error && error.cloudkit && error.cloudkit.code
    // An emulator that began anew knows nobody's token.
    if (['ACCESS_TOKEN_EXPIRED', 'ACCESS_TOKEN_DISABLED', 'INVALID_ACCESS_TOKEN'].indexOf(code) < 0) throw error
    session.token = null
    return once()
  })
}

// ---------------------------------------------------------------------------------------------------- values

function ServerDate(options) {
  this.offset = (options && options.offset) || 0
}

function DatabaseRegExp(options) {
  this.regexp = options.regexp
  this.options = options.options || ''
}

function CloudID(id) {
  if (!(this instanceof CloudID)) return new CloudID(id)
  this.cloudID = id
}

function CDN(target) {
  if (!(this instanceof CDN)) return new CDN(target)
  this.target = target
}

// The kinds of Geo, each with the name of what it is made of and the depth of its coordinates.
var Geo = {}

function GeoPoint(longitude, latitude) {
  if (!(this instanceof GeoPoint)) return new GeoPoint(longitude, latitude)
  if (longitude && Array.isArray(longitude.coordinates)) {
    latitude = longitude.coordinates[1]
    longitude = longitude.coordinates[0]
  }
  if (typeof longitude !== 'number' || Math.abs(longitude) > 180) throw new Error('longitude must be a number between -180 and 180')
  if (typeof latitude !== 'number' || Math.abs(latitude) > 90) throw new Error('latitude must be a number between -90 and 90')
  this.longitude = longitude
  this.latitude = latitude
}
GeoPoint.prototype.coordinates = function () {
  return [this.longitude, this.latitude]
}
GeoPoint.fromCoordinates = function (coordinates) {
  return new GeoPoint(coordinates[0], coordinates[1])
}
geoKind('Point', GeoPoint)

function geoKind(type, kind) {
  kind.prototype.toJSON = function () {
    return { type: type, coordinates: this.coordinates() }
  }
  kind.prototype.toString = function () {
    return JSON.stringify(this.toJSON())
  }
  kind.prototype.isGeo = true
  Geo[type] = kind
}

function geoListOf(type, field, part) {
  function Kind(parts) {
    if (!(this instanceof Kind)) return new Kind(parts)
    this[field] = Array.isArray(parts.coordinates) ? parts.coordinates.map(part.fromCoordinates) : parts
  }
  Kind.prototype.coordinates = function () {
    return this[field].map(function (it) {
      return it.coordinates()
    })
  }
  Kind.fromCoordinates = function (coordinates) {
    return new Kind(coordinates.map(part.fromCoordinates))
  }
  geoKind(type, Kind)
}
geoListOf('MultiPoint', 'points', GeoPoint)
geoListOf('LineString', 'points', GeoPoint)
geoListOf('MultiLineString', 'lines', Geo.LineString)
geoListOf('Polygon', 'lines', Geo.LineString)
geoListOf('MultiPolygon', 'polygons', Geo.Polygon)

function isPlain(value) {
  return Object.prototype.toString.call(value) === '[object Object]' && !isSpecial(value)
}

function isSpecial(value) {
  return value instanceof Command || value instanceof ServerDate || value instanceof DatabaseRegExp || value.isGeo === true
}

// Returns a value as it travels; `above` are the objects it lies in.
function encode(value, above) {
  if (value === null || typeof value !== 'object') return isFunction(value) ? undefined : value
  var kind = Object.prototype.toString.call(value)
  if (kind === '[object Date]') return { $date: value.getTime() }
  if (kind === '[object RegExp]') return { $regex: value.source, $options: value.flags || regExpFlags(value) }
  if (value instanceof ServerDate) return { $date: { offset: value.offset } }
  if (value instanceof DatabaseRegExp) return { $regex: value.regexp, $options: value.options }
  if (value.isGeo === true) return value.toJSON()
  if (value instanceof Command) return value.expression(above)
  above = above || []
  if (above.indexOf(value) >= 0) throw misuse(-402001, 'the data refers to itself')
  above = above.concat([value])
  if (Array.isArray(value)) {
    return value.map(function (it) {
      var encoded = encode(it, above)
      return encoded === undefined ? null : encoded
    })
  }
  var result = {}
  Object.keys(value).forEach(function (key) {
    var encoded = encode(value[key], above)
    if (encoded !== undefined) result[key] = encoded
  })
  return result
}

function regExpFlags(regExp) {
  return (regExp.ignoreCase ? 'i' : '') + (regExp.multiline ? 'm' : '')
}

function number(text) {
  return { Infinity: Infinity, '-Infinity': -Infinity, NaN: NaN }[text] || Number(text)
}

// Returns an answered value as the mini program sees it.
function decode(value) {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(decode)
  var keys = Object.keys(value)
  if (keys.length === 1) {
    switch (keys[0]) {
      case '$date':
        var date = decode(value.$date)
        return new Date(date)
      case '$numberInt':
      case '$numberLong':
      case '$numberDouble':
      case '$numberDecimal':
        return number(value[keys[0]])
      case '$oid':
        return value.$oid
      case '$timestamp':
        return new Date((value.$timestamp.t || value.$timestamp) * 1000)
    }
  }
  if (keys.length === 2 && Array.isArray(value.coordinates) && has(Geo, value.type)) {
    return Geo[value.type].fromCoordinates(decode(value.coordinates))
  }
  var result = {}
  keys.forEach(function (key) {
    result[key] = decode(value[key])
  })
  return result
}

// ---------------------------------------------------------------------------------------------------- commands

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
var UPDATES = {
  set: '$set', remove: '$unset', inc: '$inc', mul: '$mul', min: '$min', max: '$max', rename: '$rename', bit: '$bit',
  push: '$push', unshift: '$push', pop: '$pop', shift: '$pop', addToSet: '$addToSet', pull: '$pull', pullAll: '$pullAll'
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

// Returns what `update` was given as operators.
function changes(data) {
  var result = {}
  function put(operator, path, value) {
    if (!result[operator]) result[operator] = {}
    result[operator][path] = value
  }
  function walk(path, value, above) {
    if (value instanceof Command) {
      if (value.kind !== 'update') throw misuse(-401003, '`' + path + '` holds a command that is not for updates')
      return put(value.operator, path, value.change())
    }
    if (above.indexOf(value) >= 0) throw misuse(-402001, 'the data refers to itself')
    if (value && isPlain(value) && Object.keys(value).length > 0) {
      return Object.keys(value).forEach(function (key) {
        walk(path ? path + '.' + key : key, value[key], above.concat([value]))
      })
    }
    var encoded = encode(value)
    if (encoded !== undefined && path) put('$set', path, encoded)
  }
  walk('', data, [])
  return result
}

function update(name) {
  return function () {
    var command = new Command('update', UPDATES[name], Array.prototype.slice.call(arguments))
    command.name = name
    return command
  }
}

// Returns the value beside an operator of an update.
Command.prototype.change = function () {
  var first = this.operands[0]
  switch (this.name) {
    case 'remove':
      return ''
    case 'pop':
      return 1
    case 'shift':
      return -1
    case 'push':
    case 'unshift':
      var modifiers = {}
      if (this.operands.length === 1 && isPlain(first) && Array.isArray(first.each)) {
        modifiers = { $each: encode(first.each) }
        ;['position', 'slice', 'sort'].forEach(function (name) {
          if (first[name] !== undefined) modifiers['$' + name] = first[name]
        })
      } else {
        modifiers = { $each: encode(flat(this.operands)) }
      }
      if (this.name === 'unshift') modifiers.$position = 0
      return modifiers
    case 'addToSet':
      if (isPlain(first) && Array.isArray(first.$each || first.each)) return { $each: encode(first.$each || first.each) }
      return encode(first)
    case 'pull':
      if (first instanceof Command) return first.operators()
      return isPlain(first) ? condition(first) : encode(first)
    default:
      return encode(first)
  }
}

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

// ---------------------------------------------------------------------------------------------------- aggregation

var STAGES = [
  'addFields', 'bucket', 'bucketAuto', 'count', 'geoNear', 'group', 'limit', 'lookup', 'match', 'project', 'replaceRoot',
  'sample', 'skip', 'sort', 'sortByCount', 'unwind'
]

function Pipeline(collection) {
  this.collection = collection
  this.stages = []
}

STAGES.forEach(function (name) {
  Pipeline.prototype[name] = function (value) {
    var written = spoken('aggregate.' + name, function () {
      if (name === 'match') refuseRound(value, [])
      return stage(name, value)
    })
    this.stages.push({ key: '$' + name, value: written })
    return this
  }
})

function stage(name, value) {
  switch (name) {
    case 'match':
      return condition(value)
    case 'sample':
      return encode(typeof value === 'number' ? { size: value } : value)
    case 'geoNear':
      var near = encode(value)
      if (value.query) near.query = condition(value.query)
      return near
    case 'lookup':
      var lookup = assign({}, value)
      if (lookup.pipeline instanceof Pipeline) lookup.pipeline = lookup.pipeline.done()
      return encodeLookup(lookup)
    default:
      return encode(value)
  }
}

// A pipeline inside is encoded already.
function encodeLookup(lookup) {
  var pipeline = lookup.pipeline
  delete lookup.pipeline
  var encoded = encode(lookup)
  if (pipeline) encoded.pipeline = pipeline
  return encoded
}

// Ends a pipeline that is part of a `lookup`.
Pipeline.prototype.done = function () {
  return this.stages.map(function (it) {
    var stage = {}
    stage[it.key] = it.value
    return stage
  })
}

Pipeline.prototype.end = function (options) {
  var collection = this.collection
  var stages = this.stages.slice()
  var limited = stages.some(function (it) {
    return it.key === '$limit'
  })
  if (!limited) stages.push({ key: '$limit', value: READ_LIMIT })
  return run('collection.aggregate', options, function () {
    var written = stages.map(function (it) {
      return { stageKey: it.key, stageValue: JSON.stringify(it.value) }
    })
    return collection.session.ask('database.aggregate', { collectionName: collection.collectionName, stages: written }).then(function (answer) {
      var list = answer.data.list
      if (typeof list === 'string') list = JSON.parse(list)
      return {
        list: list.map(function (it) {
          return decode(typeof it === 'string' ? JSON.parse(it) : it)
        })
      }
    })
  })
}

// ---------------------------------------------------------------------------------------------------- database

function Database(session, realtime) {
  this.config = { env: session.env }
  this.command = commands()
  this.Geo = Geo
  this.serverDate = function (options) {
    return new ServerDate(options)
  }
  this.RegExp = function (options) {
    return new DatabaseRegExp(options)
  }
  this.session = session
  this.realtime = realtime
}

Database.prototype.collection = function (name) {
  if (typeof name !== 'string' || name === '') throw failure(-401003, 'database.collection:fail the name of a collection must be a string')
  return new Collection(this, name, {})
}

function Collection(database, name, asked) {
  this.collectionName = name
  this.database = database
  this.session = database.session
  this.asked = asked
}

// Returns this query with something more asked of it.
Collection.prototype.with = function (more) {
  return new Collection(this.database, this.collectionName, assign({}, this.asked, more))
}

Collection.prototype.where = function (given) {
  var wanted = spoken('collection.where', function () {
    if (given === null || typeof given !== 'object') throw misuse(-401003, 'the condition must be an object')
    refuseRound(given, [])
    return condition(given)
  })
  return this.with({ query: this.asked.query ? { $and: [this.asked.query, wanted] } : wanted })
}

Collection.prototype.orderBy = function (field, direction) {
  if (direction !== 'asc' && direction !== 'desc') throw failure(-401002, 'collection.orderBy:fail the order must be `asc` or `desc`')
  return this.with({ order: (this.asked.order || []).concat([{ field: field, direction: direction }]) })
}

Collection.prototype.limit = function (count) {
  return this.with({ limit: count })
}

Collection.prototype.skip = function (count) {
  return this.with({ offset: count })
}

Collection.prototype.field = function (fields) {
  return this.with({ projection: projection(fields) })
}

function projection(fields) {
  var result = {}
  Object.keys(fields).forEach(function (name) {
    var wanted = fields[name]
    if (wanted instanceof Command) {
      result[name] = {}
      result[name][wanted.operator] = encode(wanted.operands[0])
    } else {
      result[name] = typeof wanted === 'boolean' ? Number(wanted) : encode(wanted)
    }
  })
  return result
}

Collection.prototype.doc = function (id) {
  if (typeof id !== 'string' && typeof id !== 'number') throw failure(-401003, 'collection.doc:fail the id of a document must be a string or a number')
  return new DocumentReference(this, id)
}

Collection.prototype.aggregate = function () {
  return new Pipeline(this)
}

Collection.prototype.ask = function (action, fields) {
  return this.session.ask('database.' + action, assign({ collectionName: this.collectionName, queryType: 'WHERE' }, fields))
}

Collection.prototype.get = function (options) {
  var it = this
  return run('collection.get', options, function () {
    var limit = it.asked.limit > 0 && it.asked.limit < READ_LIMIT ? it.asked.limit : READ_LIMIT
    return it.ask('queryDocument', assign({ query: {} }, it.asked, { limit: limit })).then(function (answer) {
      return { data: answer.data.list.map(decode) }
    })
  })
}

Collection.prototype.count = function (options) {
  var it = this
  return run('collection.count', options, function () {
    return it.ask('countDocument', { query: it.asked.query || {} }).then(function (answer) {
      return { total: answer.data.total }
    })
  })
}

Collection.prototype.add = function (options) {
  var it = this
  return run('collection.add', options, function () {
    var data = dataOf(options)
    return it.ask('addDocument', { data: encode(data) }).then(function (answer) {
      return { _id: answer.data._id }
    })
  })
}

Collection.prototype.update = function (options) {
  var it = this
  return run('collection.update', options, function () {
    var fields = { query: it.asked.query || {}, data: changes(dataOf(options)), multi: true, merge: true, upsert: false }
    return it.ask('updateDocument', fields).then(function (answer) {
      return { stats: { updated: answer.data.updated } }
    })
  })
}

Collection.prototype.remove = function (options) {
  var it = this
  return run('collection.remove', options, function () {
    return it.ask('deleteDocument', { query: it.asked.query || {}, multi: true }).then(function (answer) {
      return { stats: { removed: answer.data.deleted } }
    })
  })
}

Collection.prototype.watch = function (options) {
  return this.database.realtime.watch(this, options)
}

function dataOf(options) {
  if (!options || !isPlain(options.data)) throw misuse(-401003, 'parameter.data should be object instead of ' + kindOf(options && options.data))
  return options.data
}

function kindOf(value) {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}

function DocumentReference(collection, id) {
  this.collection = collection
  this._id = id
  this.projection = undefined
}

DocumentReference.prototype.field = function (fields) {
  var it = new DocumentReference(this.collection, this._id)
  it.projection = projection(fields)
  return it
}

DocumentReference.prototype.ask = function (action, fields) {
  return this.collection.ask(action, assign({ queryType: 'DOC', query: { _id: this._id } }, fields))
}

DocumentReference.prototype.get = function (options) {
  var it = this
  return run('document.get', options, function () {
    return it.ask('queryDocument', assign({ limit: 1 }, it.projection && { projection: it.projection })).then(function (answer) {
      if (answer.data.list.length === 0) {
        throw misuse(
          -1,
          'cannot find document with _id ' + it._id + ', please make sure that the document exists and you have the corresponding access permission'
        )
      }
      return { data: decode(answer.data.list[0]) }
    })
  })
}

DocumentReference.prototype.set = function (options) {
  var it = this
  return run('document.set', options, function () {
    var data = dataOf(options)
    if (has(data, '_id')) throw misuse(-401002, '`_id` may not be in the data: it is that of the document')
    return it.ask('updateDocument', { data: encode(data), multi: false, merge: false, upsert: true }).then(function (answer) {
      var created = answer.data.upserted_id !== undefined && answer.data.upserted_id !== null
      return { _id: it._id, stats: { updated: answer.data.updated, created: created ? 1 : 0 } }
    })
  })
}

DocumentReference.prototype.update = function (options) {
  var it = this
  return run('document.update', options, function () {
    var fields = { data: changes(dataOf(options)), multi: false, merge: true, upsert: false }
    return it.ask('updateDocument', fields).then(function (answer) {
      return { stats: { updated: answer.data.updated } }
    })
  })
}

DocumentReference.prototype.remove = function (options) {
  var it = this
  return run('document.remove', options, function () {
    return it.ask('deleteDocument', { multi: false }).then(function (answer) {
      return { stats: { removed: answer.data.deleted } }
    })
  })
}

DocumentReference.prototype.watch = function (options) {
  return this.collection.with({ query: { _id: this._id } }).watch(options)
}

// ---------------------------------------------------------------------------------------------------- realtime

var PING_EVERY = 10000
var RECONNECT_AFTER = [0, 1000, 3000, 10000, 10000]

// One socket for all watches of a session.
function Realtime(session) {
  this.session = session
  this.watches = {}
  this.count = 0
  this.tries = 0
  this.socket = null
  this.ready = null
  this.retry = null
}

Realtime.prototype.watch = function (collection, options) {
  if (!options || !isFunction(options.onChange) || !isFunction(options.onError)) {
    throw failure(-401003, 'collection.watch:fail `onChange` and `onError` must be functions')
  }
  var realtime = this
  var watch = {
    id: 'watch-' + ++this.count,
    collection: collection,
    options: options,
    docs: [],
    queryID: '',
    eventID: 0,
    // The connection on which it was asked for.
    begun: null
  }
  this.watches[watch.id] = watch
  this.connect().then(
    function () {
      if (realtime.watches[watch.id] === watch && !watch.queryID) realtime.begin(watch)
    },
    function (error) {
      realtime.fail(watch, -402002, error)
    }
  )
  return {
    close: function () {
      if (has(realtime.watches, watch.id)) {
        if (watch.begun && watch.begun === realtime.socket) {
          realtime.send({ watchId: watch.id, msgType: 'CLOSE_WATCH', msgData: null })
        }
        realtime.drop(watch)
      }
      return Promise.resolve()
    }
  }
}

// Forgets a watch, and the connection with the last one.
Realtime.prototype.drop = function (watch) {
  delete this.watches[watch.id]
  if (Object.keys(this.watches).length === 0) this.disconnect()
}

Realtime.prototype.begin = function (watch) {
  if (watch.begun === this.socket) return
  watch.begun = this.socket
  var asked = watch.collection.asked
  var data = {
    envId: this.session.env,
    collName: watch.collection.collectionName,
    query: JSON.stringify(asked.query || {})
  }
  if (asked.limit) data.limit = asked.limit
  if (asked.order) {
    data.orderBy = {}
    asked.order.forEach(function (it) {
      data.orderBy[it.field] = it.direction
    })
  }
  this.send({ watchId: watch.id, msgType: 'INIT_WATCH', msgData: data })
}

Realtime.prototype.connect = function () {
  var realtime = this
  if (!this.ready) {
    var ready = this.session.ask('auth.wsWebSign', { runtime: 'web' }).then(function (answer) {
      // Whoever wanted it may have left meanwhile.
      return realtime.ready === ready ? realtime.open(answer.data) : new Promise(function () {})
    })
    this.ready = ready
    ready.then(null, function () {
      if (realtime.ready === ready) realtime.ready = null
    })
  }
  return this.ready
}

// Opens the socket and logs in.
Realtime.prototype.open = function (ticket) {
  var realtime = this
  return new Promise(function (resolve, reject) {
    var socket = realtime.session.wx.connectSocket({ url: ticket.wsUrl })
    var heard = false
    realtime.socket = socket
    socket.onOpen(function () {
      realtime.send({
        msgType: 'LOGIN',
        msgData: { envId: realtime.session.env, accessToken: '', referrer: 'web', sdkVersion: '', dataVersion: '' },
        exMsgData: { runtime: 'web', signStr: ticket.signStr, secretVersion: ticket.secretVersion }
      })
    })
    socket.onMessage(function (frame) {
      if (realtime.socket !== socket) return
      heard = true
      var message = JSON.parse(frame.data)
      if (message.msgType === 'LOGIN_RES') {
        if (message.msgData && message.msgData.code) {
          realtime.disconnect()
          return reject(refusal(message.msgData))
        }
        realtime.tries = 0
        realtime.ping = setInterval(function () {
          // A connection may be lost without a word.
          if (!heard) return abandon()
          heard = false
          realtime.send({ msgType: 'PING', msgData: null })
        }, PING_EVERY)
        // A test that has ended must not be kept alive by a ping.
        if (realtime.ping.unref) realtime.ping.unref()
        return resolve()
      }
      realtime.receive(message)
    })
    function lost(error) {
      if (realtime.socket !== socket) return
      realtime.forget()
      reject(misuse(-402008, 'the connection failed: ' + ((error && error.errMsg) || (error && error.reason) || 'closed')))
      realtime.reconnect(error && error.code)
    }
    function abandon() {
      lost({ reason: 'no answer' })
      socket.close({ code: 3000 })
    }
    socket.onError(lost)
    socket.onClose(lost)
  })
}

Realtime.prototype.send = function (message) {
  if (!this.socket) return
  message.requestId = String(++this.count)
  this.socket.send({ data: JSON.stringify(message) })
}

Realtime.prototype.forget = function () {
  clearInterval(this.ping)
  this.socket = null
  this.ready = null
}

Realtime.prototype.disconnect = function () {
  var socket = this.socket
  this.forget()
  if (socket) socket.close({ code: 3001 })
}

// Comes back after the socket was lost and asks for what was missed.
Realtime.prototype.reconnect = function (code) {
  var realtime = this
  var ids = Object.keys(this.watches)
  if (ids.length === 0 || this.retry) return
  if (code === 3050 || this.tries >= RECONNECT_AFTER.length) {
    return ids.forEach(function (id) {
      realtime.fail(realtime.watches[id], -402003, misuse(-402003, 'the connection is lost'))
    })
  }
  this.retry = setTimeout(function () {
    realtime.retry = null
    if (Object.keys(realtime.watches).length === 0) return
    realtime.connect().then(
      function () {
        Object.keys(realtime.watches).forEach(function (id) {
          var watch = realtime.watches[id]
          if (watch.queryID) realtime.rebuild(watch)
          else realtime.begin(watch)
        })
      },
      function () {
        if (!realtime.socket) realtime.reconnect()
      }
    )
  }, RECONNECT_AFTER[this.tries++])
}

Realtime.prototype.rebuild = function (watch) {
  watch.begun = this.socket
  this.send({
    watchId: watch.id,
    msgType: 'REBUILD_WATCH',
    msgData: { envId: this.session.env, collName: watch.collection.collectionName, queryID: watch.queryID, eventID: watch.eventID }
  })
}

Realtime.prototype.fail = function (watch, errCode, error) {
  if (!has(this.watches, watch.id)) return
  this.drop(watch)
  var told = (error && error.cloudkit) || {}
  var text = [told.code, told.text || (error && error.message)].filter(Boolean).join(' ')
  watch.options.onError(failure(errCode, 'collection.watch:fail ' + errCode + ' | errMsg: ' + text))
}

Realtime.prototype.receive = function (message) {
  var watch = has(this.watches, message.watchId) && this.watches[message.watchId]
  if (!watch) return
  var data = message.msgData || {}
  switch (message.msgType) {
    case 'ERROR':
      return this.fail(watch, data.code === 'COLLECTION_PERMISSION_DENIED' ? -502003 : -402006, refusal(data))
    case 'INIT_EVENT':
      watch.queryID = data.queryID
      watch.eventID = data.currEvent
      watch.docs = (data.events || []).map(documentOf)
      return this.tell(watch, data.events || [], 'init')
    case 'NEXT_EVENT':
      return this.apply(watch, data.events || [])
  }
}

function documentOf(event) {
  return decode(JSON.parse(event.Doc))
}

// Applies changes in their order; several of one id are told as one.
Realtime.prototype.apply = function (watch, events) {
  var fresh = events.filter(function (event) {
    return event.ID > watch.eventID
  })
  while (fresh.length > 0) {
    var id = fresh[0].ID
    if (id > watch.eventID + 1) return this.rebuild(watch)
    var together = fresh.filter(function (event) {
      return event.ID === id
    })
    fresh = fresh.slice(together.length)
    watch.eventID = id
    together.forEach(function (event) {
      change(watch.docs, event)
    })
    this.tell(watch, together)
  }
}

function change(docs, event) {
  var at = -1
  docs.forEach(function (doc, index) {
    if (String(doc._id) === String(event.DocID)) at = index
  })
  if (event.QueueType === 'dequeue') {
    if (at >= 0) docs.splice(at, 1)
  } else if (event.Doc) {
    docs.splice(at < 0 ? docs.length : at, at < 0 ? 0 : 1, documentOf(event))
  } else if (at >= 0) {
    // What was handed out before must not change in the receiver's hands.
    var doc = decode(docs[at])
    var updated = decode(JSON.parse(event.UpdatedFields || '{}'))
    Object.keys(updated).forEach(function (path) {
      place(doc, path.split('.'), updated[path])
    })
    JSON.parse(event.removedFields || '[]').forEach(function (path) {
      place(doc, path.split('.'), undefined)
    })
    docs[at] = doc
  }
}

function place(object, path, value) {
  path.slice(0, -1).forEach(function (key) {
    if (object[key] === null || typeof object[key] !== 'object') object[key] = {}
    object = object[key]
  })
  var last = path[path.length - 1]
  if (value === undefined) delete object[last]
  else object[last] = value
}

Realtime.prototype.tell = function (watch, events, type) {
  var snapshot = {
    id: watch.eventID,
    docs: watch.docs.slice(),
    docChanges: events.map(function (event) {
      var change = { id: event.ID, queueType: event.QueueType, dataType: event.DataType, docId: event.DocID }
      change.doc = watch.docs.filter(function (doc) {
        return String(doc._id) === String(event.DocID)
      })[0] || (event.Doc ? documentOf(event) : undefined)
      if (event.UpdatedFields) change.updatedFields = decode(JSON.parse(event.UpdatedFields))
      if (event.removedFields) change.removedFields = JSON.parse(event.removedFields)
      return change
    })
  }
  if (type) snapshot.type = type
  watch.options.onChange(snapshot)
}

// ---------------------------------------------------------------------------------------------------- files

// A stand-in for the task that exists only once the address is known; what is asked of it before is kept.
function Task() {
  this.waiting = []
  this.task = null
  this.aborted = false
}
;['onProgressUpdate', 'offProgressUpdate', 'onHeadersReceived', 'offHeadersReceived'].forEach(function (name) {
  Task.prototype[name] = function (listener) {
    if (this.task) {
      if (this.task[name]) this.task[name](listener)
    } else {
      this.waiting.push([name, listener])
    }
  }
})

Task.prototype.abort = function () {
  this.aborted = true
  if (this.task) this.task.abort()
}

// Starts the transfer: `start` gets the callbacks and returns the real task.
Task.prototype.transfer = function (api, start) {
  var it = this
  return new Promise(function (resolve, reject) {
    if (it.aborted) return reject(misuse(-1, 'abort'))
    it.task = start({
      success: resolve,
      fail: function (error) {
        reject(misuse(-1, (error && error.errMsg) || String(error)))
      }
    })
    it.waiting.forEach(function (asked) {
      if (it.task && it.task[asked[0]]) it.task[asked[0]](asked[1])
    })
  })
}

function uploadFile(session, options) {
  var task = new Task()
  var done = run('cloud.uploadFile', options, function () {
    options = options || {}
    wanted(options, 'cloudPath', 'string')
    wanted(options, 'filePath', 'string')
    var path = options.cloudPath.replace(/^\/+/, '')
    return session.ask('storage.getUploadMetadata', { path: path }).then(function (answer) {
      var place = answer.data
      return task
        .transfer('cloud.uploadFile', function (callbacks) {
          return session.wx.uploadFile(
            assign(callbacks, {
              url: place.url,
              filePath: options.filePath,
              name: 'file',
              header: options.header || {},
              formData: {
                key: path,
                signature: place.authorization,
                'x-cos-meta-fileid': place.cosFileId,
                'x-cos-security-token': place.token
              }
            })
          )
        })
        .then(function (response) {
          if (response.statusCode >= 300) throw refusal({ code: 'STORAGE_REQUEST_FAIL', message: String(response.data) })
          return { fileID: place.fileId, statusCode: response.statusCode }
        })
    })
  })
  return done || task
}

function downloadFile(session, options) {
  var task = new Task()
  var done = run('cloud.downloadFile', options, function () {
    options = options || {}
    wanted(options, 'fileID', 'string')
    return links(session, [{ fileid: options.fileID }]).then(function (list) {
      if (list[0].code !== 'SUCCESS') throw refusal({ code: list[0].code, message: list[0].message || 'storage file not exists' })
      return task
        .transfer('cloud.downloadFile', function (callbacks) {
          return session.wx.downloadFile(assign(callbacks, { url: encodeURI(list[0].download_url) }))
        })
        .then(function (response) {
          return { tempFilePath: response.tempFilePath, statusCode: response.statusCode }
        })
    })
  })
  return done || task
}

function getTempFileURL(session, options) {
  return run('cloud.getTempFileURL', options, function () {
    var asked = listOf(options).map(function (it) {
      return typeof it === 'string' ? { fileid: it } : { fileid: it.fileID, max_age: it.maxAge }
    })
    return links(session, asked).then(function (list) {
      return {
        fileList: list.map(function (it, at) {
          var found = it.code === 'SUCCESS'
          return {
            fileID: it.fileid || it.fileID,
            tempFileURL: it.download_url || '',
            maxAge: asked[at].max_age || 7200,
            status: found ? 0 : codeOf(it.code),
            errMsg: found ? 'ok' : nameOf(it.code)
          }
        })
      }
    })
  })
}

function deleteFile(session, options) {
  return run('cloud.deleteFile', options, function () {
    return session.ask('storage.batchDeleteFile', { fileid_list: listOf(options) }).then(function (answer) {
      return {
        fileList: answer.data.delete_list.map(function (it) {
          var done = it.code === 'SUCCESS'
          return { fileID: it.fileID, status: done ? 0 : codeOf(it.code), errMsg: done ? 'ok' : nameOf(it.code) }
        })
      }
    })
  })
}

function links(session, asked) {
  return session.ask('storage.batchGetDownloadUrl', { file_list: asked }).then(function (answer) {
    return answer.data.download_list
  })
}

function codeOf(code) {
  return (CODES[code] || SYSTEM_ERROR)[0]
}

function nameOf(code) {
  return (CODES[code] || SYSTEM_ERROR)[1]
}

function listOf(options) {
  var list = options && options.fileList
  if (!Array.isArray(list)) throw misuse(-401003, 'parameter.fileList should be array instead of ' + kindOf(list))
  if (list.length > 50) throw misuse(-401002, 'parameter.fileList may have 50 items at most')
  return list
}

function wanted(options, name, type) {
  if (typeof options[name] !== type || options[name] === '') {
    throw misuse(-401003, 'parameter.' + name + ' should be ' + type + ' instead of ' + kindOf(options[name]))
  }
}

// ---------------------------------------------------------------------------------------------------- functions

function callFunction(session, options) {
  return run('cloud.callFunction', options, function () {
    options = options || {}
    wanted(options, 'name', 'string')
    var data = options.data === undefined ? {} : options.data
    if (data === null || typeof data !== 'object') throw misuse(-401003, 'parameter.data should be object instead of ' + kindOf(data))
    var fields = { function_name: options.name, request_data: JSON.stringify(opened(session, data)) }
    return session.ask('functions.invokeFunction', fields).then(function (answer) {
      var text = answer.data.response_data
      return { result: typeof text === 'string' && text !== '' ? JSON.parse(text) : text, requestID: answer.requestId }
    })
  })
}

// Replaces what `CloudID` made by what a function gets for it. Only fields at the top are replaced, as on the platform. What
// is not in `openData`, the emulator knows, or says that it does not.
function opened(session, data) {
  var result = Array.isArray(data) ? [] : {}
  Object.keys(data).forEach(function (key) {
    var value = data[key]
    if (value instanceof CloudID) {
      var known = session.openData[value.cloudID]
      value = { cloudID: value.cloudID }
      if (known) value.data = known
    }
    result[key] = value
  })
  return result
}

// A container is reached by the routes of HTTP access.
function callContainer(session, options) {
  return run('cloud.callContainer', options, function () {
    options = options || {}
    wanted(options, 'path', 'string')
    var header = assign({}, options.header)
    if (options.service) header['X-WX-SERVICE'] = options.service
    return new Promise(function (resolve, reject) {
      session.wx.request({
        url: session.origin + (options.path.charAt(0) === '/' ? '' : '/') + options.path,
        method: options.method || 'GET',
        header: header,
        data: options.data,
        dataType: options.dataType || 'json',
        responseType: options.responseType || 'text',
        timeout: options.timeout,
        success: function (response) {
          resolve({
            data: response.data,
            statusCode: response.statusCode,
            header: response.header,
            callID: String(Date.now())
          })
        },
        fail: function (error) {
          reject(misuse(-601003, (error && error.errMsg) || String(error)))
        }
      })
    })
  })
}

// ---------------------------------------------------------------------------------------------------- wx.cloud

// Makes what stands in the place of `wx.cloud`.
function makeCloud(session) {
  var realtime = new Realtime(session)
  var started = false

  function guarded(api, work) {
    return function (options) {
      if (started) return work(session, options)
      return run(api, options, function () {
        throw misuse(-1, NOT_STARTED)
      })
    }
  }

  function unserved(name) {
    throw failure(-501021, 'cloud.' + name + ':fail -501021 | errMsg: not served by the cloudkit emulator')
  }

  var cloud = {
    // A symbol to begin with in code that names the present environment.
    DYNAMIC_CURRENT_ENV: typeof Symbol === 'undefined' ? 'DYNAMIC_CURRENT_ENV' : Symbol('DYNAMIC_CURRENT_ENV'),
    init: function () {
      started = true
    },
    callFunction: guarded('cloud.callFunction', callFunction),
    uploadFile: guarded('cloud.uploadFile', uploadFile),
    downloadFile: guarded('cloud.downloadFile', downloadFile),
    getTempFileURL: guarded('cloud.getTempFileURL', getTempFileURL),
    deleteFile: guarded('cloud.deleteFile', deleteFile),
    callContainer: guarded('cloud.callContainer', callContainer),
    connectContainer: function () {
      unserved('connectContainer')
    },
    database: function () {
      if (!started) throw failure(-1, NOT_STARTED)
      return new Database(session, realtime)
    },
    CloudID: CloudID,
    CDN: CDN,
    // Two things that the platform does not have. What a button with `open-type="getPhoneNumber"` hands over in `detail`, by
    // 'phone', and the like: nobody presses buttons in a test.
    openData: openData.bind(null, session),
    // Another test user from now on, also after a restart.
    signInAs: function (openid) {
      session.openid = openid
      session.token = null
      remember(session.wx, openid)
    }
  }
  cloud.Cloud = function (settings) {
    // A shared environment: there is one on this machine.
    var shared = makeCloud(session)
    assign(this, shared)
    this.resource = settings
  }
  Object.defineProperty(cloud, 'services', {
    get: function () {
      return { Gateway: unserved.bind(null, 'services.Gateway') }
    }
  })
  Object.defineProperty(cloud, 'extend', {
    get: function () {
      unserved('extend')
    }
  })
  return cloud
}

function remember(wx, openid) {
  try {
    wx.setStorageSync(OPENID_KEY, openid)
  } catch (error) {
    // A stand-in without storage forgets.
  }
}

function remembered(wx) {
  try {
    return wx.getStorageSync(OPENID_KEY)
  } catch (error) {
    return ''
  }
}

// What WeChat tells of its user, by the names of its functions: the kinds that the emulator knows.
var OPEN_DATA = { getUserInfo: 'userInfo', getUserProfile: 'userInfo', getWeRunData: 'run', getShareInfo: 'share' }

// Resolves to open data of the test user, sealed as WeChat's is, with a `cloudID` for functions.
function openData(session, kind) {
  return session.post('/__cloudkit/wechat/open-data', { openid: session.openid, kind: kind }).then(function (answer) {
    if (kind === 'userInfo') return assign({ userInfo: JSON.parse(answer.rawData) }, answer)
    return { encryptedData: answer.encryptedData, iv: answer.iv, cloudID: answer.cloudID }
  })
}

// Puts the emulator's codes and open data in the place of WeChat's, which no server on this machine could exchange.
function standIn(wx, session) {
  function replace(name, work) {
    Object.defineProperty(wx, name, {
      configurable: true,
      enumerable: true,
      writable: true,
      value: function (options) {
        return run(name, options, work)
      }
    })
  }
  replace('login', function () {
    return session.post('/__cloudkit/wechat/login', { openid: session.openid }).then(function (answer) {
      return { code: answer.js_code }
    })
  })
  Object.keys(OPEN_DATA).forEach(function (name) {
    replace(name, openData.bind(null, session, OPEN_DATA[name]))
  })
}

// Tells the emulator which messages the person accepts, of which each may be sent once.
function acceptHere(wx, session) {
  var ask = wx.requestSubscribeMessage
  if (!isFunction(ask)) return
  // Installed again, it would tell twice.
  ask = ask.original || ask
  var value = function (options) {
    // At once: WeChat asks only while a tap is handled.
    var asked = new Promise(function (resolve, reject) {
      ask.call(wx, assign({}, options, { success: resolve, fail: reject, complete: undefined }))
    })
    return run('requestSubscribeMessage', options, function () {
      return asked.then(function (answer) {
        var templates = {}
        ;((options && options.tmplIds) || []).forEach(function (id) {
          if (answer[id]) templates[id] = answer[id]
        })
        return session.post('/__cloudkit/wechat/subscriptions', { openid: session.openid, templates: templates }).then(function () {
          return answer
        })
      })
    })
  }
  value.original = ask
  Object.defineProperty(wx, 'requestSubscribeMessage', { configurable: true, enumerable: true, writable: true, value: value })
}

// Replaces `wx.cloud`. `settings`: `origin` (http://127.0.0.1:7400), `openid` of the test user, `env`, and `openData`, what
// functions get for a `CloudID`: { id: data }.
function install(wx, settings) {
  var session = new Session(wx, assign({ openid: 'o-developer' }, settings))
  var cloud = makeCloud(session)
  standIn(wx, session)
  acceptHere(wx, session)
  Object.defineProperty(wx, 'cloud', { configurable: true, enumerable: true, writable: true, value: cloud })
  return cloud
}

// Installs in a development build while `cloudkit emulate` runs, and does nothing otherwise.
function auto() {
  var api = typeof wx === 'undefined' ? undefined : wx
  var settings
  try {
    settings = require('./local.js')
  } catch (error) {
    return
  }
  if (!api || !settings || !settings.origin || (api.cloud && api.cloud.signInAs)) return
  var build = api.getAccountInfoSync && api.getAccountInfoSync().miniProgram.envVersion
  if (build !== 'develop') return
  install(api, assign({}, settings, { openid: remembered(api) || settings.openid || 'o-developer' }))
  console.info('wx.cloud is served by cloudkit at ' + settings.origin)
}

module.exports = { install: install, auto: auto }
