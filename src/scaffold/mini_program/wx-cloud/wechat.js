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
