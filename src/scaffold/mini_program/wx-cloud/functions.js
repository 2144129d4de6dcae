// Functions and containers.

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
