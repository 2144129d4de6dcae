import { ENV } from '../web/admin.mjs'
import { oauth } from '../web/dialects.mjs'
import { browserBuild, openPage } from '../web/page.mjs'
import { scenario } from './scenario.mjs'
import { install } from './sockets.mjs'

scenario('js3', {
  setMerges: true,
  async open() {
    await openPage()
    install()
    const app = browserBuild('js-sdk-3').init({ env: ENV })
    await oauth.anonymous(app)
    return app.database()
  },
})
