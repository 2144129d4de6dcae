// In the page: the board by a query of its own, and by the function.

import { ENV } from '/web/admin.mjs'

const app = window.sdk.init({ env: ENV })

async function board() {
  await app.auth({ persistence: 'local' }).signInAnonymously()
  const { data } = await app.database().collection('scores').orderBy('score', 'desc').limit(10).get()
  const { result } = await app.callFunction({ name: 'leaderboard' })
  return { queried: data.map(({ name, score }) => ({ name, score })), called: result }
}

const told = await board().catch((error) => ({ error: String(error?.stack ?? JSON.stringify(error)) }))
await fetch('/told', { method: 'POST', body: JSON.stringify(told) })
