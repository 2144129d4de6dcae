// Calls: a promise, or callbacks.

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
