// A server's login: WeChat's code becomes a session, the session a record, and the record's id a token for the page.
const { generateKeyPairSync } = require('node:crypto')
const cloudbase = require('@cloudbase/node-sdk')
const axios = require('axios')

// In a project the console makes this key, and it comes with the function.
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const app = cloudbase.init({
  env: cloudbase.SYMBOL_CURRENT_ENV,
  credentials: { private_key_id: 'key-1', private_key: privateKey.export({ type: 'pkcs1', format: 'pem' }), env_id: process.env.SCF_NAMESPACE },
})
const db = app.database()

const answer = (statusCode, body) => ({ statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

exports.main = async ({ queryStringParameters: { code } = {} }) => {
  const { data: session } = await axios.get('https://api.weixin.qq.com/sns/jscode2session', {
    params: { appid: 'wx0123456789abcdef', secret: 'hidden', js_code: code, grant_type: 'authorization_code' },
  })
  if (session.errcode) return answer(401, { error: session.errcode })
  const player = db.collection('players').doc(session.openid)
  const { updated } = await player.update({ logins: db.command.inc(1), sessionKey: session.session_key })
  if (!updated) await player.set({ logins: 1, sessionKey: session.session_key })
  return answer(200, { ticket: app.auth().createTicket(session.openid) })
}
