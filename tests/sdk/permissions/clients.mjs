// Clients of each kind, brought to one form: they log in, and do the few things of the tables. A denial is thrown.

import { fileURLToPath } from 'node:url'
import { createWx, install } from '../mini-program/files.mjs'
import { actions, auth, oauth } from '../web/dialects.mjs'
import { browserBuild } from '../web/page.mjs'

/** Some generations resolve to a code where others reject. */
const answered = async (promise) => {
  const answer = await promise
  if (answer?.code && answer.code !== 'SUCCESS') throw answer
  return answer
}

/** The operations of a web SDK, and of a server's. */
const ofApp = (app, text) => {
  const things = () => app.database().collection('things')
  const own = { _openid: '{openid}' }
  return {
    byId: async () => (await answered(things().doc('a').get())).data.length,
    query: async () => (await answered(things().where({ pub: true }).get())).data.length,
    aggregate: async () => (await answered(things().aggregate().match(own).end())).data.length,
    create: async () => { await answered(things().add({ n: 11 })); return 1 },
    update: async () => (await answered(things().doc('a').update({ x: 1 }))).updated,
    remove: async () => (await answered(things().doc('a').remove())).deleted,
    call: (name) => answered(app.callFunction({ name, data: {} })),
    upload: (cloudPath) => answered(app.uploadFile(text(cloudPath))),
    async read(fileID) {
      const { fileList: [{ code, tempFileURL }] } = await answered(app.getTempFileURL({ fileList: [fileID] }))
      if (!tempFileURL) throw new Error(code)
    },
    async erase(fileID) {
      const { fileList: [{ code }] } = await answered(app.deleteFile({ fileList: [fileID] }))
      if (code !== 'SUCCESS') throw new Error(code)
    },
  }
}

const web = (name, dialect, signIn) => ({
  people: ['alice', 'bob', 'guest'],
  open(env) {
    const app = browserBuild(name).init({ env })
    auth(app)
    return {
      ...ofApp(app, (cloudPath) => ({ cloudPath, filePath: dialect.file('x') })),
      async logIn(who) {
        if (who === 'guest') return dialect.anonymous(app)
        await signIn(auth(app), who)
        return dialect.uid(app)
      },
    }
  },
})
const byName = (auth, username) => auth.signIn({ username, password: `${username}-1234` })
const byNameOf1 = (auth, name) => auth.signInWithUsernameAndPassword(name, `${name}-1234`)

/** `wx.cloud` of a mini program; nobody is anonymous there. */
const miniProgram = {
  people: ['alice', 'bob'],
  open() {
    const wx = createWx()
    install(wx, { origin: process.env.CLOUDKIT_EMULATOR_URL, openid: 'o-alice1' }).init()
    const things = () => wx.cloud.database().collection('things')
    return {
      logIn: (who) => wx.cloud.signInAs(who === 'alice' ? 'o-alice1' : 'o-bob2'),
      byId: () => things().doc('a').get().then(() => 1, (error) => { if (error.errCode === -1) return 0; throw error }),
      query: async () => (await things().where({ pub: true }).get()).data.length,
      aggregate: async () => (await things().aggregate().match({ _openid: '{openid}' }).end()).list.length,
      create: async () => { await things().add({ data: { n: 11 } }); return 1 },
      update: async () => (await things().doc('a').update({ data: { x: 1 } })).stats.updated,
      remove: async () => (await things().doc('a').remove()).stats.removed,
      call: (name) => wx.cloud.callFunction({ name, data: {} }),
      upload: (cloudPath) => wx.cloud.uploadFile({ cloudPath, filePath: fileURLToPath(import.meta.url) }),
      async read(fileID) {
        const { fileList: [{ status, errMsg }] } = await wx.cloud.getTempFileURL({ fileList: [fileID] })
        if (status) throw Object.assign(new Error(errMsg), { errCode: status })
      },
      async erase(fileID) {
        const { fileList: [{ status, errMsg }] } = await wx.cloud.deleteFile({ fileList: [fileID] })
        if (status) throw Object.assign(new Error(errMsg), { errCode: status })
      },
    }
  },
}

export const admin = (app) => ofApp(app, (cloudPath) => ({ cloudPath, fileContent: Buffer.from('x') }))

export const CLIENTS = {
  'js-sdk 3': web('js-sdk-3', oauth, byName),
  'js-sdk 2': web('js-sdk-2', oauth, byName),
  'js-sdk 1': web('js-sdk-1', actions, byNameOf1),
  'tcb-js-sdk': web('tcb-js-sdk', actions, byNameOf1),
  'wx.cloud': miniProgram,
}
