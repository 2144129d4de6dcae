import { browserBuild, openPage } from './page.mjs'
import { scenario } from './scenario.mjs'
import { actions } from './dialects.mjs'
import { actionLogins } from './logins.mjs'

scenario('js1', {
  ...actions,
  logins: actionLogins,
  transactions: true,
  async open(env) {
    await openPage()
    return browserBuild('js-sdk-1').init({ env })
  },
})
