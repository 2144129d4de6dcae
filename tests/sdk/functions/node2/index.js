const sdk = require('@cloudbase/node-sdk')
const scenario = require('../../scenario/node')

exports.main = scenario(sdk)
