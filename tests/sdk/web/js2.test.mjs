import { browserBuild, openPage } from './page.mjs'
import { scenario } from './scenario.mjs'
import { oauth, refresh } from './dialects.mjs'
import { oauthLogins } from './logins.mjs'

scenario('js2', {
  ...oauth,
  logins: oauthLogins,
  refresh,
  transactions: true,
  async open(env) {
    await openPage()
    return browserBuild('js-sdk-2').init({ env })
  },
})
