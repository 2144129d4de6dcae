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
