// The same function behind an HTTP API of Lambda's.
const { main } = require('./hello')

exports.post = async ({ body }) => ({ statusCode: 200, body: JSON.stringify(await main(JSON.parse(body))) })
