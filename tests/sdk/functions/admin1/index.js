const sdk = require('tcb-admin-node')
const scenario = require('../../scenario/admin')

exports.main = scenario(sdk)
