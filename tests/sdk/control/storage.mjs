// Files as the management SDK and the SDK of object storage handle them, under `cloudkit emulate --intercept`, with the
// platform's own host names. Started without the preload.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import CloudBase from '@cloudbase/manager-node'
import COS from 'cos-nodejs-sdk-v5'

const { https_proxy: Proxy, TENCENTCLOUD_SECRETID: SecretId, TENCENTCLOUD_SECRETKEY: SecretKey } = process.env
const folder = mkdtempSync(path.join(tmpdir(), 'cloudkit-'))
const at = (...names) => path.join(folder, ...names)
const file = (name, bytes) => {
  mkdirSync(path.dirname(at(name)), { recursive: true })
  writeFileSync(at(name), bytes)
  return at(name)
}
const md5 = (bytes) => createHash('md5').update(bytes).digest('hex')

// The management SDK: a file, one by parts (from 5 MB), a folder.
const { storage } = new CloudBase({ secretId: SecretId, secretKey: SecretKey, envId: 'local', region: 'ap-shanghai' })
const small = file('small.txt', 'small')
const large = randomBytes(12 * 1024 * 1024 + 7)
await storage.uploadFile({ localPath: small, cloudPath: 'm/small 云&.txt' })
await storage.uploadFile({ localPath: file('large.bin', large), cloudPath: 'm/large.bin' })
const info = await storage.getFileInfo('m/large.bin')
assert.match(info.ETag, /^"[0-9a-f]{32}-\d+"$/)
assert.equal((await storage.listDirectoryFiles('m')).length, 2)
await storage.downloadFile({ cloudPath: 'm/large.bin', localPath: at('back.bin') })
assert.equal(md5(readFileSync(at('back.bin'))), md5(large))

for (let i = 0; i < 30; i++) file(`site/${i % 3}/${i}.html`, `page ${i}`)
await storage.uploadDirectory({ localPath: at('site'), cloudPath: 'site' })
const walked = await storage.walkCloudDir('site/')
assert.equal(walked.filter(({ Key }) => Key.endsWith('.html')).length, 30)
mkdirSync(at('down'))
await storage.downloadDirectory({ cloudPath: 'site', localPath: at('down') })
assert.equal(readFileSync(at('down/2/29.html'), 'utf8'), 'page 29')
await storage.deleteFile(['m/small 云&.txt'])
await storage.deleteDirectory('site')
assert.equal((await storage.walkCloudDir('site/')).length, 0)
await storage.setStorageAcl('READONLY')
assert.equal(await storage.getStorageAcl(), 'READONLY')
await storage.setStorageAcl('PRIVATE')

// The SDK of object storage.
const [Bucket, Region] = ['6c6f-local-1250000001', 'ap-shanghai']
const cos = new COS({ SecretId, SecretKey, Proxy })
const here = (more) => ({ Bucket, Region, ...more })
await cos.headBucket(here())
await assert.rejects(cos.headBucket({ Bucket: 'other-1250000001', Region }), { statusCode: 404 })

const Key = "dir/a b+c&d='云😀'.txt"
const { ETag } = await cos.putObject(here({ Key, Body: 'hello', ContentDisposition: 'inline', 'x-cos-meta-by': 'me' }))
assert.equal(ETag, `"${md5('hello')}"`)
const head = await cos.headObject(here({ Key }))
assert.deepEqual([head.headers['content-length'], head.headers['x-cos-meta-by']], ['5', 'me'])
assert.equal((await cos.getObject(here({ Key }))).Body.toString(), 'hello')
assert.equal((await cos.getObject(here({ Key, Range: 'bytes=1-2' }))).Body.toString(), 'el')
await assert.rejects(cos.getObject(here({ Key: 'none' })), { code: 'NoSuchKey', statusCode: 404 })
await assert.rejects(cos.putObject(here({ Key, Body: 'x', ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' })), { code: 'BadDigest' })
const other = new COS({ SecretId, SecretKey: 'wrong', Proxy })
await assert.rejects(other.getObject(here({ Key })), { code: 'SignatureDoesNotMatch', statusCode: 403 })

await cos.putObjectCopy(here({ Key: 'dir/copy', CopySource: `${Bucket}.cos.${Region}.myqcloud.com/${encodeURIComponent(Key)}` }))
const page = await cos.getBucket(here({ Prefix: 'dir/', Delimiter: '/', MaxKeys: 1 }))
assert.deepEqual([page.Contents.map((it) => it.Key), page.IsTruncated], [[Key], 'true'])
const next = await cos.getBucket(here({ Prefix: 'dir/', Marker: page.NextMarker }))
assert.deepEqual(next.Contents.map((it) => it.Key), ['dir/copy'])

// By parts: at once, resumed after a stop, by copy, given up.
await cos.sliceUploadFile(here({ Key: 'large', FilePath: at('large.bin'), ChunkSize: 1024 * 1024, AsyncLimit: 4 }))
assert.equal(md5((await cos.getObject(here({ Key: 'large' }))).Body), md5(large))
const { UploadId } = await cos.multipartInit(here({ Key: 'resumed' }))
const chunk = large.subarray(0, 1024 * 1024)
const part = await cos.multipartUpload(here({ Key: 'resumed', UploadId, PartNumber: 1, Body: chunk }))
await cos.sliceUploadFile(here({ Key: 'resumed', FilePath: at('large.bin'), ChunkSize: 1024 * 1024 }))
assert.equal(part.ETag, `"${md5(chunk)}"`)
assert.equal(md5((await cos.getObject(here({ Key: 'resumed' }))).Body), md5(large))
assert.equal((await cos.multipartList(here({ Prefix: 'resumed' }))).Upload.length, 0)
await cos.sliceCopyFile(here({ Key: 'copied', CopySource: `${Bucket}.cos.${Region}.myqcloud.com/large`, CopySliceSize: 1024 * 1024 * 5, CopyChunkSize: 1024 * 1024 * 5 }))
assert.equal(md5((await cos.getObject(here({ Key: 'copied' }))).Body), md5(large))
const given = await cos.multipartInit(here({ Key: 'given up' }))
await cos.multipartAbort(here({ Key: 'given up', UploadId: given.UploadId }))
await assert.rejects(cos.multipartListPart(here({ Key: 'given up', UploadId: given.UploadId })), { code: 'NoSuchUpload' })

// An address that carries its signature, for a while.
const link = (more) => cos.getObjectUrl(here({ Key, Sign: true, Protocol: 'http:', ...more }))
const { address, port } = { address: '127.0.0.1', port: new URL(process.env.CLOUDKIT_EMULATOR_URL).port }
const fetched = async (url) => {
  const { host, pathname, search } = new URL(url)
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    request({ host: address, port, path: pathname + search, headers: { host } }, (response) => {
      response.setEncoding('utf8')
      let text = ''
      response.on('data', (data) => { text += data }).on('end', () => resolve({ status: response.statusCode, text, headers: response.headers }))
    }).on('error', reject).end()
  })
}
const presigned = await fetched(link({ Query: { 'response-content-type': 'text/x' } }))
assert.deepEqual([presigned.status, presigned.text, presigned.headers['content-type']], [200, 'hello', 'text/x'])
assert.equal((await fetched(link({ Sign: false }))).status, 403)

const gone = await cos.deleteMultipleObject(here({ Objects: [{ Key }, { Key: 'dir/copy' }, { Key: 'none' }] }))
assert.equal(gone.Deleted.length, 3)
await cos.deleteObject(here({ Key: 'large' }))
await assert.rejects(cos.headObject(here({ Key: 'large' })), { statusCode: 404 })
rmSync(folder, { recursive: true })
console.log('files: ok')
