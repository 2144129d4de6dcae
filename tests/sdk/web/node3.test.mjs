// js-sdk 3 as Node programs have it: no page, its own fetch, and one line that says where the emulator is.

import { scenario } from './scenario.mjs'
import { oauth, refresh } from './dialects.mjs'
import { oauthLogins } from './logins.mjs'

// With a server's keys in its environment it would sign as a server.
delete process.env.TENCENTCLOUD_SECRETID
delete process.env.TENCENTCLOUD_SECRETKEY
const { default: cloudbase } = await import('js-sdk-3')

scenario('node3', {
  ...oauth,
  // Its requests know neither PATCH nor DELETE, which most changes of an account are.
  logins: (generation) => ({ ...oauthLogins(generation), account: {} }),
  refresh,
  transactions: true,
  file: (text) => Buffer.from(text),
  async open(env) {
    const app = cloudbase.init({ env })
    app.registerHost(new URL(process.env.CLOUDKIT_EMULATOR_URL).host)
    return app
  },
})
