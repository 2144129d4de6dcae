// A WebSocket for SDKs in Node, and a way to cut it.

import WebSocket from 'ws'

const open = new Set()

class Socket extends WebSocket {
  constructor(...args) {
    super(...args)
    open.add(this)
    super.on('close', () => open.delete(this))
  }
}

export const install = () => (globalThis.WebSocket = Socket)

// As a lost network does it: neither side says anything.
export function cut() {
  const count = open.size
  for (const socket of open) socket.terminate()
  return count
}
