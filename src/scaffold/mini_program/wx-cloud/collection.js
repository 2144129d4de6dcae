// A collection, or a query of it.

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
