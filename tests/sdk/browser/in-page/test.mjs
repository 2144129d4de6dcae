// `node:test` as far as the scenarios use it: what was found goes to the site.

const found = []

export async function test(name, ...rest) {
  const run = rest.pop()
  const t = {
    async test(name, ...rest) {
      const [work, { skip } = {}] = rest.reverse()
      if (skip) return void found.push({ name, skip })
      try {
        await work()
        found.push({ name })
      } catch (error) {
        found.push({ name, error: `${error?.stack ?? JSON.stringify(error)}` })
      }
    },
  }
  try {
    await run(t)
  } catch (error) {
    found.push({ name, error: `${error?.stack ?? JSON.stringify(error)}` })
  }
  await fetch('/told', { method: 'POST', body: JSON.stringify({ found }) })
}
