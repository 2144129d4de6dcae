// Logging in by everything but a ticket, as each generation says it. The people are those of `cloudkit.toml`.

import assert from 'node:assert/strict'
import { codeFor } from './admin.mjs'
import { auth } from './dialects.mjs'

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
})
