import { ENV } from '../web/admin.mjs'
import { actions } from '../web/dialects.mjs'
import { browserBuild, openPage } from '../web/page.mjs'
import { scenario } from './scenario.mjs'
import { install } from './sockets.mjs'

scenario('js1', {
  async open() {
    await openPage()
    install()
    const app = browserBuild('js-sdk-1').init({ env: ENV })
    await actions.anonymous(app)
    return app.database()
  },
})
