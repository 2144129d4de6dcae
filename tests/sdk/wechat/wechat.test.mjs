// WeChat as functions ask it: by wx-server-sdk of three generations, 2 to 4, and by plain HTTP clients on the literal host.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createDecipheriv } from 'node:crypto'
import { test } from 'node:test'
import { promisify } from 'node:util'
import tcb from '@cloudbase/node-sdk'
import jpeg from 'jpeg-js'
import jsQR from 'jsqr'
import { PNG } from 'pngjs'

const app = tcb.init({ env: process.env.CLOUDKIT_ENV_ID })
const origin = process.env.CLOUDKIT_EMULATOR_URL
const cloudkit = async (...args) => JSON.parse((await promisify(execFile)(process.env.CLOUDKIT, [...args, '--json'])).stdout)
const call = async (name, data) => (await app.callFunction({ name, data })).result
const own = async (path, body) => (await fetch(`${origin}/__cloudkit/wechat/${path}`, { method: 'POST', body: JSON.stringify(body) })).json()

// What a phone would read.
function read(type, image) {
  const bytes = Buffer.from(image, 'base64')
  const { data, width, height } = type === 'image/png' ? PNG.sync.read(bytes) : jpeg.decode(bytes, { useTArray: true })
  // A transparent ground is white paper.
  const pixels = Uint8ClampedArray.from(data)
  for (let at = 0; at < pixels.length; at += 4) if (pixels[at + 3] === 0) pixels.fill(255, at, at + 4)
  return jsQR(pixels, width, height)?.data
}

for (const name of ['wx2_1', 'wx2_4', 'wx2_6', 'wx3_0', 'wx4_0']) {
  const ask = (method, data, media) => call(name, { op: 'openapi', method, data, media })

  test(`${name}: a text is checked`, async () => {
    const fields = { version: 2, scene: 1, openid: 'o-alice1' }
    const { answer } = await ask('security.msgSecCheck', { ...fields, content: 'hello 云' })
    assert.deepEqual([answer.errCode, answer.errMsg, answer.result.suggest], [0, 'openapi.security.msgSecCheck:ok', 'pass'])
    assert.ok(answer.traceId)
    const risky = await ask('security.msgSecCheck', { content: 'a cloudkit-risky word' })
    assert.deepEqual([risky.errCode, /risky content/.test(risky.errMsg)], [87014, true])
  })

  test(`${name}: a picture is checked`, async () => {
    const picture = (text) => Buffer.from(`GIF89a\x01\0\x01\0 ${text}`, 'latin1').toString('base64')
    assert.equal((await ask('security.imgSecCheck', null, picture('fine'))).answer.errCode, 0)
    assert.equal((await ask('security.imgSecCheck', null, picture('cloudkit-risky'))).errCode, 87014)
  })

  test(`${name}: a code can be read`, async () => {
    const { answer } = await ask('wxacode.getUnlimited', { scene: 'a=1', page: 'pages/index/index' })
    assert.equal(read(answer.contentType, answer.buffer), 'pages/index/index?scene=a%3D1')
    const clear = await ask('wxacode.getUnlimited', { scene: 'b', isHyaline: true, lineColor: { r: 0, g: 90, b: 0 } })
    assert.deepEqual([clear.answer.contentType, read(clear.answer.contentType, clear.answer.buffer)], ['image/png', '?scene=b'])
    const refused = await ask('wxacode.getUnlimited', { scene: 'x'.repeat(33) })
    assert.equal(refused.errCode, 40169)
  })

  test(`${name}: a message is sent, or as a test wants it`, async () => {
    const data = { touser: 'o-alice1', templateId: 't-1', page: 'index', data: { thing1: { value: '云' }, amount2: { value: '¥9' } } }
    assert.equal((await ask('subscribeMessage.send', data)).answer.errCode, 0)
    await cloudkit('wechat', 'fail', 'subscribeMessage.send', '43101')
    assert.equal((await ask('subscribeMessage.send', data)).errCode, 43101)
    const sent = (await cloudkit('wechat', 'calls', 'subscribeMessage.send')).at(-2)
    assert.deepEqual([sent.body.touser, sent.body.template_id, sent.body.data.thing1.value, sent.errcode], ['o-alice1', 't-1', '云', 0])
    const wrong = await ask('subscribeMessage.send', { ...data, data: { number1: { value: 'many' } } })
    assert.deepEqual([wrong.errCode, /data\.number1\.value invalid/.test(wrong.errMsg)], [47003, true])
  })

  test(`${name}: only what is declared may be called`, async () => {
    const { errCode } = await ask('wxacode.createQRCode', { path: 'a' })
    assert.equal(errCode, -604101)
  })

  test(`${name}: open data by its cloud id`, async () => {
    const { cloudID } = await own('open-data', { openid: 'o-alice1', kind: 'phone' })
    const { answer } = await ask('getOpenData', { list: [cloudID, 'unknown'] })
    const [phone, unknown] = answer.list
    // The manifest says who this is.
    assert.equal(phone.data.phoneNumber, '13800000000')
    assert.equal(unknown.errCode, -601002)
  })
}

test('a code of any size and colour can be read', async () => {
  for (const [length, width, lineColor] of [[1024, 280], [1024, 1280, { r: 150, g: 0, b: 40 }], [20, 1280], [20, 281, { r: 0, g: 60, b: 0 }]]) {
    const path = 'pages/long?x='.padEnd(length, 'y')
    const { answer } = await call('wx4_0', { op: 'openapi', method: 'wxacode.get', data: { path, width, lineColor } })
    assert.deepEqual([answer.contentType, read(answer.contentType, answer.buffer)], ['image/jpeg', path], `${length} ${width}`)
  }
})

for (const by of ['https', 'axios', 'request', 'fetch']) {
  const ask = (method, path, body) => call('weixin', { by, method, path, body })

  test(`${by}: code, session, token, message`, async () => {
    const { code } = await cloudkit('wechat', 'code', 'o-carol1')
    const query = `appid=wx0123456789abcdef&secret=s&js_code=${code}&grant_type=authorization_code`
    const session = await ask('GET', `/sns/jscode2session?${query}`)
    assert.equal(session.openid, 'o-carol1')
    assert.equal((await ask('GET', `/sns/jscode2session?${query}`)).errcode, 40163)

    const { encryptedData, iv } = await own('open-data', { openid: 'o-carol1' })
    const [key, vector] = [session.session_key, iv].map((text) => Buffer.from(text, 'base64'))
    const decipher = createDecipheriv('aes-128-cbc', key, vector)
    const opened = JSON.parse(decipher.update(encryptedData, 'base64', 'utf8') + decipher.final('utf8'))
    assert.equal(opened.openId, 'o-carol1')

    const app = { grant_type: 'client_credential', appid: 'wx0123456789abcdef', secret: 's' }
    const { access_token: plain } = await ask('GET', `/cgi-bin/token?${new URLSearchParams(app)}`)
    const { access_token: stable } = await ask('POST', '/cgi-bin/stable_token', app)
    for (const token of [plain, stable]) {
      const { type, image } = await ask('POST', `/wxa/getwxacodeunlimit?access_token=${token}`, { scene: by, page: 'pages/a' })
      assert.equal(read(type, image), `pages/a?scene=${by}`)
    }
    const refused = await ask('POST', '/wxa/getwxacodeunlimit?access_token=nonsense', { scene: by })
    assert.match(refused.errmsg, /^invalid credential, .* rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/)
  })
}
