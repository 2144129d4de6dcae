var NOT_STARTED =
  "Cloud API isn't enabled, please call wx.cloud.init first\n请先调用 wx.cloud.init() 完成初始化后再调用其他云 API。"

// Makes what stands in the place of `wx.cloud`.
function makeCloud(session) {
  var realtime = new Realtime(session)
  var started = false

  function guarded(api, work) {
    return function (options) {
      if (started) return work(session, options)
      return run(api, options, function () {
        throw misuse(-1, NOT_STARTED)
      })
    }
  }

  function unserved(name) {
    throw failure(-501021, 'cloud.' + name + ':fail -501021 | errMsg: not served by the cloudkit emulator')
  }

  var cloud = {
    // A symbol to begin with in code that names the present environment.
    DYNAMIC_CURRENT_ENV: typeof Symbol === 'undefined' ? 'DYNAMIC_CURRENT_ENV' : Symbol('DYNAMIC_CURRENT_ENV'),
    init: function () {
      started = true
    },
    callFunction: guarded('cloud.callFunction', callFunction),
    uploadFile: guarded('cloud.uploadFile', uploadFile),
    downloadFile: guarded('cloud.downloadFile', downloadFile),
    getTempFileURL: guarded('cloud.getTempFileURL', getTempFileURL),
    deleteFile: guarded('cloud.deleteFile', deleteFile),
    callContainer: guarded('cloud.callContainer', callContainer),
    connectContainer: function () {
      unserved('connectContainer')
    },
    database: function () {
      if (!started) throw failure(-1, NOT_STARTED)
      return new Database(session, realtime)
    },
    CloudID: CloudID,
    CDN: CDN,
    // Two things that the platform does not have. What a button with `open-type="getPhoneNumber"` hands over in `detail`, by
    // 'phone', and the like: nobody presses buttons in a test.
    openData: openData.bind(null, session),
    // Another test user from now on, also after a restart.
    signInAs: function (openid) {
      session.openid = openid
      session.token = null
      remember(session.wx, openid)
    }
  }
  cloud.Cloud = function (settings) {
    // A shared environment: there is one on this machine.
    var shared = makeCloud(session)
    assign(this, shared)
    this.resource = settings
  }
  Object.defineProperty(cloud, 'services', {
    get: function () {
      return { Gateway: unserved.bind(null, 'services.Gateway') }
    }
  })
  Object.defineProperty(cloud, 'extend', {
    get: function () {
      unserved('extend')
    }
  })
  return cloud
}
