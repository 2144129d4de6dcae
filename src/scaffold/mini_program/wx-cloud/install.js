// The way in.

var OPENID_KEY = 'cloudkit.openid'

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
