// Returns at most 100 players, the best first.
//
// 返回最多 100 名玩家，分数高者在前。
const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const players = cloud.database().collection('players')

// One query to a function returns at most 100 documents on the platform, too.
const BOARD_SIZE = 100

exports.main = async () => {
  const { data } = await players
    .orderBy('score', 'desc')
    .limit(BOARD_SIZE)
    .field({ _id: false, name: true, score: true, level: true })
    .get()
  return data
}
