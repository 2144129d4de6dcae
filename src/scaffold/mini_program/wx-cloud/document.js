// One document by its id.

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
