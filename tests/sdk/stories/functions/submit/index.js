// Keeps the best score of the calling player.
const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const scores = cloud.database().collection('scores')

exports.main = async ({ name, score }) => {
  const { OPENID } = cloud.getWXContext()
  const { data: [best] } = await scores.where({ _id: OPENID }).get()
  if (!best || best.score < score) await scores.doc(OPENID).set({ data: { name, score } })
}
