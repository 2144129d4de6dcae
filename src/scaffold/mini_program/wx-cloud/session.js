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
