// Publishes a post: its text is judged at once, its picture later. Until then only its author sees it.
const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const posts = cloud.database().collection('posts')

const FORUM = 3
const PICTURE = 2

exports.main = async ({ text, picture }) => {
  const { OPENID: openid } = cloud.getWXContext()
  const about = { openid, scene: FORUM, version: 2 }
  const { result } = await cloud.openapi.security.msgSecCheck({ ...about, content: text })
  if (result.suggest !== 'pass') return { refused: result.label }
  const { fileList: [{ tempFileURL }] } = await cloud.getTempFileURL({ fileList: [picture] })
  const { traceId } = await cloud.openapi.security.mediaCheckAsync({ ...about, mediaUrl: tempFileURL, mediaType: PICTURE })
  const { _id } = await posts.add({ data: { _openid: openid, text, picture, private: true, traceId } })
  return { _id }
}
