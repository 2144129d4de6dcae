// Records the calling player's result in one database call: the document's id is the player's openid, so a second
// report replaces the first.
//
// 用一次数据库调用记录当前玩家的成绩：文档 _id 即玩家 openid，再次上报会覆盖旧成绩。
const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const db = cloud.database()

const LONGEST_NAME = 24

exports.main = async ({ name, score, level = 1 }) => {
  const { OPENID } = cloud.getWXContext()
  if (!OPENID) throw new Error('only a player can report: no openid')
  if (typeof name !== 'string' || !name.trim() || name.length > LONGEST_NAME) {
    throw new Error(`name must be 1 to ${LONGEST_NAME} characters`)
  }
  if (!Number.isSafeInteger(score) || score < 0) throw new Error('score must be a whole number from 0')
  if (!Number.isSafeInteger(level) || level < 1) throw new Error('level must be a whole number from 1')

  await db.collection('players').doc(OPENID).set({
    data: { _openid: OPENID, name: name.trim(), score, level, updatedAt: db.serverDate() },
  })
  return { name: name.trim(), score, level }
}
