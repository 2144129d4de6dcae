// A server's SDK: node-sdk 3 watches as an admin, where the runtime has a WebSocket.

import tcb from '@cloudbase/node-sdk'
import { ENV } from '../web/admin.mjs'
import { scenario } from './scenario.mjs'
import { install } from './sockets.mjs'

scenario('node3', {
  admin: true,
  unordered: true,
  async open() {
    install()
    const { TENCENTCLOUD_SECRETID: secretId, TENCENTCLOUD_SECRETKEY: secretKey } = process.env
    return tcb.init({ env: ENV, secretId, secretKey }).database()
  },
})
