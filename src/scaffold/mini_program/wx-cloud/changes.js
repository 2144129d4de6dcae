// What a watch hears: its documents, kept as they change.

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
