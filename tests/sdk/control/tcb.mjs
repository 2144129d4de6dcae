// The platform's own tool, unmodified, under `cloudkit emulate --intercept`: it deploys, calls, reads logs and keeps files.
// Started without the preload.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const { TENCENTCLOUD_SECRETID: secretId, TENCENTCLOUD_SECRETKEY: secretKey } = process.env
const folder = mkdtempSync(path.join(tmpdir(), 'cloudkit-'))
const file = (name, text) => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  writeFileSync(path.join(folder, name), text)
}
const bin = fileURLToPath(new URL('../node_modules/@cloudbase/cli/bin/tcb', import.meta.url))
// It asks for logs by its machine's wall clock, which the platform takes for that of its servers.
const env = { ...process.env, HOME: folder, TZ: 'Asia/Shanghai', CI: '1', NO_COLOR: '1' }
const tcb = (...words) => execFileSync(process.execPath, [bin, ...words], { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const deploy = (answer) => {
  file('functions/from_tcb/index.js', `exports.main = async (event) => { console.log('said by', event.who); return { answer: ${answer} } }`)
  tcb('fn', 'deploy', 'from_tcb', '--force', '-e', 'local')
  const said = tcb('fn', 'invoke', 'from_tcb', '--params', '{"who":"tcb"}', '-e', 'local')
  assert.match(said, new RegExp(`"answer":${answer}`))
}

try {
  file('cloudbaserc.json', JSON.stringify({ envId: 'local', functionRoot: 'functions', functions: [{ name: 'from_tcb', runtime: 'Nodejs18.15', timeout: 5 }] }))
  tcb('login', '--apiKeyId', secretId, '--apiKey', secretKey)
  deploy(1)
  // A package of several parts, over one that is there.
  file('functions/from_tcb/large.bin', randomBytes(5 << 20))
  deploy(2)
  assert.match(tcb('fn', 'list', '-e', 'local'), /from_tcb/)
  assert.match(tcb('fn', 'log', 'from_tcb', '-e', 'local'), /said by tcb/)

  file('a.txt', 'hello 云')
  tcb('storage', 'upload', 'a.txt', 'tcb/a.txt', '-e', 'local')
  assert.match(tcb('storage', 'list', 'tcb', '-e', 'local'), /tcb\/a\.txt/)
  tcb('storage', 'download', 'tcb/a.txt', 'back.txt', '-e', 'local')
  assert.equal(readFileSync(path.join(folder, 'back.txt'), 'utf8'), 'hello 云')
  tcb('storage', 'delete', 'tcb/a.txt', '-e', 'local')
  try { tcb('storage', 'download', 'tcb/a.txt', 'gone.txt', '-e', 'local') } catch { /* It may say so, or not. */ }
  assert.equal(existsSync(path.join(folder, 'gone.txt')), false)
} finally {
  rmSync(folder, { recursive: true })
}
console.log('tcb: ok')
