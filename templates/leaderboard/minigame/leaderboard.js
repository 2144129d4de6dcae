// All a mini game needs to know about the board.
//
// 小游戏接入排行榜只需要这个文件。

// The id of your environment, from `cloudkit env list`; left out, WeChat takes the default one.
// 环境 ID，可由 `cloudkit env list` 查看；留空则使用默认环境。
const ENV = undefined

function init() {
  wx.cloud.init(ENV ? { env: ENV } : {})
}

// Records this player's result; the platform adds the openid.
// 上报当前玩家的成绩，openid 由平台附带。
async function report({ name, score, level = 1 }) {
  const { result } = await wx.cloud.callFunction({ name: 'report', data: { name, score, level } })
  return result
}

// Returns [{ name, score, level }], at most 100, the best first.
// 返回 [{ name, score, level }]，最多 100 名，分数高者在前。
async function loadBoard() {
  const { result } = await wx.cloud.callFunction({ name: 'leaderboard' })
  return result
}

module.exports = { init, report, loadBoard }
