import { browserBuild, openPage } from './page.mjs'
import { scenario } from './scenario.mjs'
import { oauth } from './dialects.mjs'
import { oauthLogins } from './logins.mjs'

scenario('js3', {
  ...oauth,
  logins: oauthLogins,
  transactions: true,
  async open(env) {
    await openPage()
    return browserBuild('js-sdk-3').init({ env })
  },
})
