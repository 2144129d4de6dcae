// The floor of `watch()`: each JSON POST is told to every web socket as one message.
const { createServer } = require('node:http')
const { WebSocket, WebSocketServer } = require('ws')

const server = createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const message = Buffer.concat(parts)
    for (const client of listeners.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(message, { binary: false })
    }
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 })
    response.end('{}')
  })
})
const listeners = new WebSocketServer({ server })
listeners.on('connection', (socket) => socket.send('{}'))
server.listen(Number(process.env.PORT), '127.0.0.1')
