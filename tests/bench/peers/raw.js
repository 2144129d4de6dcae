// The floor: what Node itself needs to answer a JSON POST.
const { main } = require('../hello')

require('node:http')
  .createServer((request, response) => {
    const parts = []
    request.on('data', (part) => parts.push(part))
    request.on('end', async () => {
      const result = JSON.stringify(await main(JSON.parse(Buffer.concat(parts))))
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(result) })
      response.end(result)
    })
  })
  .listen(Number(process.env.PORT), '127.0.0.1')
