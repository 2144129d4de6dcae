// Watches: one socket, lost and found again.

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
