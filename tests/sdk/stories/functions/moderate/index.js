// Hears what WeChat found in a picture, and shows the post to all or takes the picture away.
const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const posts = cloud.database().collection('posts')

exports.main = async ({ Event, trace_id: traceId, result }) => {
  if (Event !== 'wxa_media_check') return
  const post = posts.where({ traceId })
  if (result.suggest === 'pass') {
    await post.update({ data: { private: false } })
    return
  }
  const { data } = await post.get()
  await cloud.deleteFile({ fileList: data.map(({ picture }) => picture) })
  await post.update({ data: { picture: null, label: result.label } })
}
