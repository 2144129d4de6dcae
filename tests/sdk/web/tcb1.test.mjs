import { browserBuild, openPage } from './page.mjs'
import { scenario } from './scenario.mjs'
import { actions, auth } from './dialects.mjs'
import { actionLogins } from './logins.mjs'

scenario('tcb1', {
  ...actions,
  logins: actionLogins,
  async open(env) {
    await openPage()
    const app = browserBuild('tcb-js-sdk').init({ env })
    auth(app)
    return app
  },
})
