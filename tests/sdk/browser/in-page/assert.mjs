// `node:assert/strict` as far as the scenarios use it.

const shown = (value) => JSON.stringify(value, (_, it) => (it === undefined ? '<undefined>' : it))
const fail = (message) => { throw new Error(message) }
const sorted = (value) =>
  value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort().map(([name, it]) => [name, sorted(it)]))
    : Array.isArray(value) ? value.map(sorted) : value

export default {
  ok: (value, message) => value || fail(message ?? `${shown(value)} is not true`),
  equal: (is, expected) => Object.is(is, expected) || fail(`${shown(is)} is not ${shown(expected)}`),
  notEqual: (is, other) => !Object.is(is, other) || fail(`${shown(is)} is what it should not be`),
  deepEqual: (is, expected) => shown(sorted(is)) === shown(sorted(expected)) || fail(`${shown(is)} is not ${shown(expected)}`),
  match: (text, pattern) => pattern.test(text) || fail(`${shown(text)} does not match ${pattern}`),
  async rejects(work, pattern) {
    const why = await (typeof work === 'function' ? work() : work).then(() => undefined, (error) => error ?? 'nothing')
    if (why === undefined) fail('nothing was rejected')
    if (pattern && !pattern.test(why.message ?? shown(why))) fail(`${shown(why.message ?? why)} does not match ${pattern}`)
  },
}
