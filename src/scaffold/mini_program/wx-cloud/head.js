// wx.cloud on the cloudkit emulator, for WeChat DevTools and for tests in Node.
// 让 wx.cloud 连接本机的 cloudkit 模拟器，可用于微信开发者工具和 Node 测试。
//
// First line of app.js (or game.js) / app.js（或 game.js）第一行：
//
//   require('./cloudkit/wx-cloud').auto()
//
// Nothing happens unless `cloudkit emulate` is running (it writes local.js beside this file) and the mini program is a
// development build. 只有 `cloudkit emulate` 正在运行且小程序为开发版时才生效。
'use strict'
