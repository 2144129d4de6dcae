import { ENV } from '../web/admin.mjs'
import { oauth } from '../web/dialects.mjs'
import { browserBuild, openPage } from '../web/page.mjs'
import { scenario } from './scenario.mjs'
import { install } from './sockets.mjs'

scenario('js2', {
  async open() {
    await openPage()
    install()
    const app = browserBuild('js-sdk-2').init({ env: ENV })
    await oauth.anonymous(app)
    return app.database()
  },
})
