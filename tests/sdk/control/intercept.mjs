// Programs that know only the platform's real host names, under `cloudkit emulate --intercept`. Started without the preload.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { request } from 'node:http'
import { promisify } from 'node:util'
import CloudBase from '@cloudbase/manager-node'
import tencentcloud from 'tencentcloud-sdk-nodejs'

const run = promisify(execFile)
const { https_proxy: proxy, TENCENTCLOUD_SECRETID: secretId, TENCENTCLOUD_SECRETKEY: secretKey } = process.env
assert.equal(process.env.NODE_OPTIONS, undefined)

// The manager SDK, of both services.
const app = new CloudBase({ secretId, secretKey, envId: 'local', region: 'ap-shanghai' })
assert.equal((await app.env.listEnvs()).EnvList.length, 1)
assert.ok((await app.functions.listFunctions(20, 0)).some(({ FunctionName }) => FunctionName === 'echo'))

// Tencent Cloud's SDK for Node.
const scf = new tencentcloud.scf.v20180416.Client({ credential: { secretId, secretKey }, region: 'ap-shanghai', profile: { httpProfile: { proxy } } })
const { Result } = await scf.Invoke({ FunctionName: 'echo', Namespace: 'local', ClientContext: '{"n":1}' })
assert.deepEqual(JSON.parse(Result.RetMsg), { n: 1 })

// curl: TLS by the authority's certificate, and a refusal of what is not the platform's.
const status = async (url) => (await run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', url]).catch((error) => error)).stdout
assert.equal(await status('https://tcb-api.tencentcloudapi.com/healthz'), '200')
assert.equal(await status('http://tcb-api.tencentcloudapi.com/healthz'), '200')
assert.equal(await status('http://example.com/'), '403')
const tunnel = (to) => new Promise((resolve) => {
  const { hostname, port } = new URL(proxy)
  request({ hostname, port, method: 'CONNECT', path: to }).on('connect', (response, socket) => { socket.destroy(); resolve(response.statusCode) }).end()
})
assert.deepEqual(await Promise.all(['scf.tencentcloudapi.com:443', 'example.com:443', '127.0.0.1:9'].map(tunnel)), [200, 403, 403])
