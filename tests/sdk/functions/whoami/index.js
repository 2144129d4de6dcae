// Tells what a server SDK knows of the caller.
const tcb = require('@cloudbase/node-sdk')

exports.main = async (event) => {
  const app = tcb.init({ env: tcb.SYMBOL_CURRENT_ENV })
  return { event, user: app.auth().getUserInfo() }
}
