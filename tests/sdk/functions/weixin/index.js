// Asks WeChat by the literal name of its host, as code that was written for any server does.
const https = require('node:https')
const axios = require('axios')
const request = require('request')

const plainly = (method, url, body) => new Promise((resolve, reject) => {
  const sent = https.request(url, { method }, (answer) => {
    const parts = []
    answer.on('data', (part) => parts.push(part)).on('end', () => resolve({ type: answer.headers['content-type'], bytes: Buffer.concat(parts) }))
  })
  sent.on('error', reject).end(body && JSON.stringify(body))
})

const ways = {
  https: plainly,
  axios: async (method, url, body) => {
    const { headers, data } = await axios({ method, url, data: body, responseType: 'arraybuffer' })
    return { type: headers['content-type'], bytes: Buffer.from(data) }
  },
  request: (method, url, body) => new Promise((resolve, reject) => {
    request({ method, url, json: body, encoding: null }, (error, answer, data) => error
      ? reject(error)
      : resolve({ type: answer.headers['content-type'], bytes: Buffer.isBuffer(data) ? data : Buffer.from(JSON.stringify(data)) }))
  }),
  fetch: async (method, url, body) => {
    const answer = await fetch(url, { method, body: body && JSON.stringify(body) })
    return { type: answer.headers.get('content-type'), bytes: Buffer.from(await answer.arrayBuffer()) }
  }
}

exports.main = async ({ by, method, path, body }) => {
  const { type, bytes } = await ways[by](method, `https://api.weixin.qq.com${path}`, body)
  return type.startsWith('image/') ? { type, image: bytes.toString('base64') } : JSON.parse(bytes)
}
