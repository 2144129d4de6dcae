const sdk = require('wx-server-sdk')
const scenario = require('../../scenario/wx')

exports.main = scenario(sdk)
