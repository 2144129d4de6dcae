// The best ten, for whoever asks: a program by `callFunction`, anybody else over HTTP.
const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

exports.main = async ({ httpMethod }) => {
  const { data } = await cloud.database().collection('scores')
    .orderBy('score', 'desc').limit(10).field({ _id: false, name: true, score: true }).get()
  return httpMethod
    ? { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(data) }
    : data
}
