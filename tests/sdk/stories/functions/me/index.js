// Tells a page its player's own record: the token says whose it is.
const cloudbase = require('@cloudbase/node-sdk')

const app = cloudbase.init({ env: cloudbase.SYMBOL_CURRENT_ENV })

exports.main = async () => {
  const { customUserId } = app.auth().getUserInfo()
  if (!customUserId) throw new Error('log in first')
  const { data: [{ logins }] } = await app.database().collection('players').doc(customUserId).get()
  return { id: customUserId, logins }
}
