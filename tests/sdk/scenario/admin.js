// How tcb-admin-node (1.x) spells the calls of `steps.js`: as node-sdk does, but it returns failures instead of throwing.

const node = require('./node')

module.exports = (tcb) =>
  node(tcb, (answer) => {
    if (answer && answer.code) throw Object.assign(new Error(answer.message), answer)
    return answer
  })
