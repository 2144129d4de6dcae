// How @cloudbase/node-sdk (2.x and 3.x) spells the calls of `steps.js`.

const cases = require('./cases')
const steps = require('./steps')

module.exports = (tcb, rejecting = (answer) => answer) => {
  const app = tcb.init({ env: tcb.SYMBOL_CURRENT_ENV || (tcb.getCurrentEnv && tcb.getCurrentEnv()) })
  const db = app.database()
  const at = (name, id) => db.collection(name).doc(id)
  const sdk = {
    db,
    message: (error) => `${error.code} ${error.message}`,
    list: (answer) => rejecting(answer).data || answer.list,
    createCollection: async (name) => rejecting(await db.createCollection(name)),
    add: async (name, data) => rejecting(await db.collection(name).add(data)).id,
    getDoc: async (name, id) => rejecting(await at(name, id).get()).data,
    where: async (name, query) => rejecting(await db.collection(name).where(query).get()).data,
    count: async (name, query) => rejecting(await db.collection(name).where(query).count()).total,
    setDoc: async (name, id, data) => rejecting(await at(name, id).set(data)),
    updateDoc: async (name, id, data) => rejecting(await at(name, id).update(data)).updated,
    updateWhere: async (name, query, data) => rejecting(await db.collection(name).where(query).update(data)).updated,
    removeDoc: async (name, id) => rejecting(await at(name, id).remove()).deleted,
    removeWhere: async (name, query) => rejecting(await db.collection(name).where(query).remove()).deleted,
    // A missing document is an empty list in this SDK.
    missing: async (name, id) => (await at(name, id).get()).data.length === 0,
    inTransaction: (answer) => (Array.isArray(answer.data) ? answer.data[0] : answer.data),
    txUpdate: (doc, data) => doc.update(data),
    upload: async (cloudPath, fileContent) => rejecting(await app.uploadFile({ cloudPath, fileContent })).fileID,
    download: async (fileID) => rejecting(await app.downloadFile({ fileID })).fileContent,
    url: async (fileID) => rejecting(await app.getTempFileURL({ fileList: [fileID] })).fileList[0].tempFileURL,
    deleteFile: (fileID) => app.deleteFile({ fileList: [fileID] }),
    call: async (name, data) => rejecting(await app.callFunction({ name, data })).result,
  }
  return async (event) => {
    if (event.op === 'identity') {
      const user = app.auth().getUserInfo()
      return { OPENID: user.openId, APPID: user.appId, fromEvent: event.userInfo && event.userInfo.openId }
    }
    if (event.op === 'relay') return sdk.call(event.to, { op: 'identity' })
    if (event.op === 'cases') return cases(sdk, event.cases)
    return steps(sdk)
  }
}
