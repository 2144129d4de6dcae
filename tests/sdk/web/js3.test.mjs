import { browserBuild, openPage } from './page.mjs'
import { scenario } from './scenario.mjs'
import { oauth } from './dialects.mjs'

scenario('js3', {
  ...oauth,
  transactions: true,
  async open(env) {
    await openPage()
    return browserBuild('js-sdk-3').init({ env })
  },
})
