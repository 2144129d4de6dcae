// While `cloudkit emulate` runs, wx.cloud is your own machine. Elsewhere this line does nothing.
// `cloudkit emulate` 运行时，wx.cloud 连接本机；其他情况下这一行什么也不做。
require('./cloudkit/wx-cloud').auto()

// Reports a score and draws the board. Replace the score by your game's.
//
// 上报一次成绩并绘制排行榜，把分数换成你的游戏结果即可。
const { init, report, loadBoard } = require('./leaderboard')

const context = wx.createCanvas().getContext('2d')

async function start() {
  init()
  await report({ name: 'Me', score: Math.floor(Math.random() * 5000) })
  draw(await loadBoard())
}

function draw(players) {
  context.font = '18px sans-serif'
  players.slice(0, 20).forEach(({ name, score }, place) => {
    context.fillText(`${place + 1}. ${name}  ${score}`, 24, 80 + place * 28)
  })
}

start().catch(console.error)
