// Logging in by everything but a ticket, as each generation says it. The people are those of `cloudkit.toml`.

import assert from 'node:assert/strict'
import { codeFor, ticketFor } from './admin.mjs'
import { auth } from './dialects.mjs'

// In the present words a refusal is a field of the answer.
const ok = (answer) => {
  if (answer?.error) throw answer.error
  return answer
}

// js-sdk 2 and 3.
export const oauthLogins = (generation) => ({
  'by name and password': async (app) => {
    await auth(app).signIn({ username: 'alice', password: 'alice-1234' })
  },
  'by e-mail and password': async (app) => {
    await auth(app).signIn({ username: 'alice@example.com', password: 'alice-1234' })
  },
  'by a password that is sealed': async (app) => {
    await auth(app).signIn({ username: 'alice', password: 'alice-1234', isEncrypt: true, version: 'v2' })
  },
  'by name and password, in the present words': async (app) => {
    const { data } = ok(await auth(app).signInWithPassword({ phone: '13800000000', password: 'alice-1234' }))
    assert.deepEqual([data.user.id, data.user.email], ['u-alice', 'alice@example.com'])
  },
  'by a code that is used at once': async (app) => {
    const email = 'alice@example.com'
    const { data } = ok(await auth(app).signInWithOtp({ email }))
    ok(await data.verifyOtp({ token: await codeFor(email) }))
  },
  'by a code to users only': async (app) => {
    const phone = '13800000000'
    const options = { shouldCreateUser: false }
    const { data } = ok(await auth(app).signInWithOtp({ phone, options }))
    ok(await data.verifyOtp({ token: await codeFor('+86 13800000000') }))
    assert.ok((await auth(app).signInWithOtp({ phone: '13800000009', options })).error)
  },
  'by a code without the step between': async (app) => {
    const email = 'alice@example.com'
    const { verification_id } = await auth(app).getVerification({ email })
    await auth(app).verify({ verification_id, verification_code: await codeFor(email), version: 'v2' })
    await auth(app).getUserInfo()
  },
  'by a code to the phone': async (app) => {
    const phone_number = '+86 13800000000'
    const { verification_id } = await auth(app).getVerification({ phone_number })
    const { verification_token } = await auth(app).verify({ verification_id, verification_code: await codeFor(phone_number) })
    await auth(app).signIn({ username: phone_number, verification_token })
  },
  'by WeChat': async (app) => {
    const { provider_token } = await auth(app).grantProviderToken({ provider_id: 'wx_open', provider_redirect_uri: 'http://localhost/', provider_code: 'o-alice1' })
    await auth(app).signInWithProvider({ provider_token })
  },
  'by a wrong password not at all': async (app) => {
    await auth(app).signOut()
    const answer = auth(app).signIn({ username: 'alice', password: 'wrong' })
    await assert.rejects(async () => { const { error } = await answer; if (error) throw error })
    await auth(app).signIn({ username: 'alice', password: 'alice-1234' })
  },
  async join(app) {
    const email = `${generation}@example.com`
    const { verification_id } = await auth(app).getVerification({ email })
    const { verification_token } = await auth(app).verify({ verification_id, verification_code: await codeFor(email) })
    await auth(app).signUp({ email, verification_token, verification_code: '', password: 'first-1234', username: generation })
    await auth(app).signOut()
    await auth(app).signIn({ username: generation, password: 'first-1234' })
  },
  account: {
    async 'sees what the token says'(app) {
      const { data } = ok(await auth(app).getClaims())
      assert.equal(data.claims.sub, (await auth(app).getUser()).data.user.id)
    },
    async 'forgets the password'(app) {
      const email = `${generation}@example.com`
      const { data } = ok(await auth(app).resetPasswordForEmail(email))
      ok(await data.updateUser({ nonce: await codeFor(email), password: 'second-1234' }))
      ok(await auth(app).signInWithPassword({ username: generation, password: 'second-1234' }))
    },
    async 'changes the password by the old one, by a code and sealed'(app) {
      assert.ok((await auth(app).resetPasswordForOld({ old_password: 'wrong', new_password: 'no-1234567' })).error)
      ok(await auth(app).resetPasswordForOld({ old_password: 'second-1234', new_password: 'third-1234' }))
      const { data } = ok(await auth(app).reauthenticate())
      ok(await data.updateUser({ nonce: await codeFor(`${generation}@example.com`), password: 'fourth-1234' }))
      await assert.rejects(auth(app).modifyPassword({ password: 'wrong', new_password: 'no-1234567' }))
      await auth(app).modifyPassword({ password: 'fourth-1234', new_password: 'fifth-1234' })
      await auth(app).modifyPasswordWithoutLogin({ username: generation, password: 'fifth-1234', new_password: 'sixth-1234' })
      ok(await auth(app).signInWithPassword({ username: generation, password: 'sixth-1234' }))
    },
    async 'changes the profile, and the address by a code'(app) {
      const { data } = ok(await auth(app).updateUser({ nickname: 'Neu', gender: 'FEMALE' }))
      assert.deepEqual([data.user.user_metadata.name, data.user.user_metadata.gender], ['Neu', 'FEMALE'])
      const email = `${generation}-new@example.com`
      const { verifyOtp } = ok(await auth(app).updateUser({ email })).data
      assert.ok((await verifyOtp({ email, token: 'wrong' })).error)
      assert.equal(ok(await verifyOtp({ email, token: await codeFor(email) })).data.user.email, email)
      const phone = `1390000${[...generation].reduce((n, it) => n + it.charCodeAt(0), 1000)}`
      const change = ok(await auth(app).updateUser({ phone })).data
      assert.equal(ok(await change.verifyOtp({ phone, token: await codeFor(`+86 ${phone}`) })).data.user.phone, `+86 ${phone}`)
    },
    async 'links WeChat and lets it go'(app) {
      const identities = async () => ok(await auth(app).getUserIdentities()).data.identities.map((it) => it.provider_user_id)
      const openid = `o-${generation}`
      const { uri } = await auth(app).genProviderRedirectUri({ provider_id: 'wx_open', provider_redirect_uri: 'http://localhost:5173/a', state: 's 1' })
      assert.match(uri, /^http:\/\/127\.0\.0\.1:\d+\/__cloudkit\/provider\?.*redirect_uri=http/)
      const { provider_token } = await auth(app).grantProviderToken({ provider_id: 'wx_open', provider_redirect_uri: 'http://localhost:5173/a', provider_code: openid })
      await auth(app).bindWithProvider({ provider_token })
      assert.deepEqual(await identities(), [openid])
      ok(await auth(app).unlinkIdentity({ provider: 'wechat' }))
      assert.deepEqual(await identities(), [])
      if (typeof location === 'undefined') return
      // The page comes back from WeChat's with a code.
      const state = `back-${generation}`
      ok(await auth(app).signInWithOAuth({ provider: 'wx_open', options: { state, skipBrowserRedirect: true, type: 'bind_identity', redirectTo: 'http://localhost:5173/a' } }))
      ok(await auth(app).verifyOAuth({ code: openid, state }))
      assert.deepEqual(await identities(), [openid])
    },
    async 'keeps the session'(app) {
      const { session } = ok(await auth(app).refreshSession()).data
      const { access_token, refresh_token } = ok(await auth(app).setSession(session)).data.session
      assert.ok(access_token && refresh_token !== session.refresh_token)
    },
    async 'is removed by who knows the password'(app) {
      assert.ok((await auth(app).deleteUser({ password: 'wrong' })).error)
      ok(await auth(app).deleteUser({ password: 'sixth-1234' }))
      assert.ok((await auth(app).signInWithPassword({ username: generation, password: 'sixth-1234' })).error)
      ok(await auth(app).signInWithPassword({ username: 'alice', password: 'alice-1234' }))
    },
  },
})

// The generations reject, or resolve to a code.
const refused = (answer) => assert.rejects(async () => {
  const it = await answer
  if (it?.code) throw new Error(it.code)
})

// js-sdk 1 and tcb-js-sdk.
export const actionLogins = (generation) => ({
  'by name and password': async (app) => {
    await auth(app).signInWithUsernameAndPassword('alice', 'alice-1234')
  },
  'by e-mail and password': async (app) => {
    await auth(app).signInWithEmailAndPassword('alice@example.com', 'alice-1234')
  },
  'by a wrong password not at all': async (app) => {
    await assert.rejects(async () => {
      const answer = await auth(app).signInWithUsernameAndPassword('alice', 'wrong')
      if (answer?.code) throw new Error(answer.code)
    })
  },
  async join(app) {
    const email = `${generation}@example.com`
    await auth(app).signUpWithEmailAndPassword(email, 'first-1234')
    await auth(app).signInWithEmailAndPassword(email, 'first-1234')
  },
  account: {
    async 'changes name and password'(app) {
      const user = auth(app).currentUser
      await user.updateUsername(generation)
      assert.equal(await auth(app).isUsernameRegistered(generation), true)
      assert.equal(await auth(app).isUsernameRegistered(`not-${generation}`), false)
      await user.update({ nickName: 'Neu' })
      await user.updatePassword('second-1234', 'first-1234')
      await auth(app).signInWithUsernameAndPassword(generation, 'second-1234')
      assert.equal((await auth(app).getUserInfo()).nickName, 'Neu')
    },
    async 'links a member of its own and lets go, but for the last name'(app) {
      const user = auth(app).currentUser
      await user.linkWithTicket(await ticketFor(`own-${generation}`))
      assert.equal((await user.refresh()).customUserId, `own-${generation}`)
      const { users } = await user.getLinkedUidList()
      assert.deepEqual(users.map(({ uid }) => uid), [user.uid])
      for (const platform of ['CUSTOM', 'EMAIL']) await user.unlink(platform)
      const { customUserId, email, username } = await user.refresh()
      assert.deepEqual([customUserId, email, username], [null, null, generation])
      for (const platform of ['USERNAME', 'CUSTOM', 'NONSENSE']) await refused(user.unlink(platform))
      assert.equal((await user.refresh()).username, generation)
    },
    async 'logs in by the phone'(app) {
      if (!auth(app).sendPhoneCode) return
      const phone = `1380000${[...generation].reduce((n, it) => n + it.charCodeAt(0), 1000)}`
      const code = async () => {
        assert.equal(await auth(app).sendPhoneCode(phone), true)
        return codeFor(`+86${phone}`)
      }
      await auth(app).signUpWithPhoneCode(phone, await code(), 'first-1234')
      const uid = auth(app).currentUser.uid
      await auth(app).signInWithPhoneCodeOrPassword({ phoneNumber: phone, password: 'first-1234' })
      await auth(app).signInWithPhoneCodeOrPassword({ phoneNumber: phone, phoneCode: await code() })
      await auth(app).forceResetPwdByPhoneCode({ phoneNumber: phone, phoneCode: await code(), password: 'second-1234' })
      await refused(auth(app).signInWithPhoneCodeOrPassword({ phoneNumber: phone, password: 'first-1234' }))
      await auth(app).signInWithPhoneCodeOrPassword({ phoneNumber: phone, password: 'second-1234' })
      assert.equal(auth(app).currentUser.uid, uid)
      await refused(auth(app).currentUser.linkWithPhoneNumber(phone, '000000'))
    },
    async 'comes back from WeChat’s page with a code'(app) {
      history.replaceState(null, '', '?code=o-alice1&state=weixin')
      const wechat = auth(app).weixinAuthProvider({ appid: 'wx0123456789abcdef', scope: 'snsapi_login' })
      await wechat.getRedirectResult({})
      assert.equal((await auth(app).getUserInfo()).uid, 'u-alice')
      await auth(app).signInWithUsernameAndPassword(generation, 'second-1234')
      history.replaceState(null, '', `?code=o-${generation}&state=weixin`)
      const again = auth(app).weixinAuthProvider({ appid: 'wx0123456789abcdef', scope: 'snsapi_login' })
      await again.getLinkRedirectResult({})
      assert.equal((await auth(app).getUserInfo()).wxOpenId, `o-${generation}`)
      history.replaceState(null, '', location.pathname)
    },
  },
})
