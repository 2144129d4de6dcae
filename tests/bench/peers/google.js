// The same function as Google's framework takes it: a request and a response.
const { main } = require('../hello')

exports.main = async (request, response) => response.json(await main(request.body))
