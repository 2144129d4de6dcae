// How wx-server-sdk (0.6 to 4.x) spells the calls of `steps.js`.

const cases = require('./cases')
const openapi = require('./openapi')
const steps = require('./steps')

module.exports = (cloud) => {
  cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
  const db = cloud.database()
  const at = (name, id) => db.collection(name).doc(id)
  const sdk = {
    db,
    // 0.8.1 and 1.5.3 (which calls itself 1.4.0): the promise fulfils with no result.
    losesFailures: !cloud.version || cloud.version === '1.4.0',
    message: (error) => `${error.errCode} ${error.errMsg || error.message}`,
    list: (answer) => answer.list,
    createCollection: (name) => db.createCollection(name),
    add: async (name, data) => (await db.collection(name).add({ data }))._id,
    getDoc: async (name, id) => [(await at(name, id).get()).data],
    where: async (name, query) => (await db.collection(name).where(query).get()).data,
    count: async (name, query) => (await db.collection(name).where(query).count()).total,
    setDoc: (name, id, data) => at(name, id).set({ data }),
    updateDoc: async (name, id, data) => (await at(name, id).update({ data })).stats.updated,
    updateWhere: async (name, query, data) => (await db.collection(name).where(query).update({ data })).stats.updated,
    removeDoc: async (name, id) => (await at(name, id).remove()).stats.removed,
    removeWhere: async (name, query) => (await db.collection(name).where(query).remove()).stats.removed,
    // A missing document rejects in this SDK.
    missing: (name, id) => at(name, id).get().then(() => false, (error) => /does not exist|cannot find/i.test(sdk.message(error))),
    inTransaction: (answer) => answer.data,
    txUpdate: (doc, data) => doc.update({ data }),
    upload: async (cloudPath, fileContent) => (await cloud.uploadFile({ cloudPath, fileContent })).fileID,
    download: async (fileID) => (await cloud.downloadFile({ fileID })).fileContent,
    url: async (fileID) => (await cloud.getTempFileURL({ fileList: [fileID] })).fileList[0].tempFileURL,
    deleteFile: (fileID) => cloud.deleteFile({ fileList: [fileID] }),
    call: async (name, data) => (await cloud.callFunction({ name, data })).result,
  }
  return async (event) => {
    if (event.op === 'identity') return { ...cloud.getWXContext(), fromEvent: event.userInfo && event.userInfo.openId }
    if (event.op === 'relay') return sdk.call(event.to, { op: 'identity' })
    if (event.op === 'openapi') return openapi(cloud, event)
    if (event.op === 'cases') return cases(sdk, event.cases)
    return steps(sdk)
  }
}
