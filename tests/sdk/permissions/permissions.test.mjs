// The tables of `tables.mjs`, asked through every client: documents, files and functions.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { prepare, server } from '../web/admin.mjs'
import { openPage } from '../web/page.mjs'
import { admin, CLIENTS } from './clients.mjs'
import { DOCUMENTS, FILES, FUNCTIONS, OPERATIONS, STORED } from './tables.mjs'

const folder = mkdtempSync(join(tmpdir(), 'cloudkit-'))
after(() => rmSync(folder, { recursive: true }))

// Where there is no manifest that would remember it.
function permit(permission, what) {
  const file = join(folder, 'rule.json')
  if (typeof permission !== 'string') writeFileSync(file, JSON.stringify(permission))
  execFileSync(process.env.CLOUDKIT, ['rules', 'set', what, typeof permission === 'string' ? permission : file], { cwd: folder, stdio: 'pipe' })
}

const DENIAL = /PERMISSION_DENIED|EXCEED_AUTHORITY|-502003|-503002|-501023/

/** What was thrown must be a denial. */
const denied = (error) => {
  const said = [error.code, error.errCode, error.message, error.errMsg].join(' ')
  assert.match(said, DENIAL)
  return '-'
}
const may = (promise) => promise.then(() => 'y', denied)

const things = server.database().collection('things')
async function restore() {
  await things.where({ _id: server.database().command.exists(true) }).remove()
  await Promise.all(STORED.map((document) => things.add(document)))
}

const PEOPLE = ['alice', 'bob', 'guest', 'admin']
/** Every person at every client: `{ name, who, uid, client }`. */
const logins = []
const login = (name, who) => logins.find((it) => it.name === name && it.who === who).client

before(async () => {
  await prepare('things', 'rooms')
  await openPage()
  for (const [name, { people, open }] of Object.entries(CLIENTS)) {
    for (const who of people) {
      // An environment of its own: the SDKs keep a login for each.
      const client = open(`${name.replaceAll(/\W+/g, '-')}-${who}`)
      logins.push({ name, who, uid: await client.logIn(who), client })
    }
  }
  const guests = logins.filter(({ who }) => who === 'guest').map(({ uid }) => uid)
  await server.database().collection('rooms').add({ _id: 'main', members: ['o-alice1', ...guests] })
  logins.push({ name: 'node-sdk', who: 'admin', client: admin(server) })
})

/** Asks every person of every client for a row of a table, and tells what is otherwise than there. */
async function compare(table, what, ask) {
  const wrong = []
  for (const [permission, expected] of table) {
    permit(permission, what)
    for (const { name, who, client } of logins) {
      const row = await ask(client)
      const due = expected[PEOPLE.indexOf(who)]
      if (row !== due) wrong.push(`${JSON.stringify(permission)} ${name} ${who}: ${row} instead of ${due}`)
    }
  }
  assert.deepEqual(wrong, [])
}

test('documents', async () => {
  await compare(DOCUMENTS, 'things', async (client) => {
    const row = []
    for (const operation of OPERATIONS) {
      if (!['query', 'aggregate'].includes(operation)) await restore()
      row.push(await client[operation]().catch(denied))
    }
    return row.join(' ')
  })
})

test('files', async () => {
  permit('PRIVATE', '--storage')
  // What is written over becomes another's: each row has files of its own.
  const files = []
  for (let n = 0; n < FILES.length * logins.length; n++) {
    const { fileID } = await login('wx.cloud', 'alice').upload(`p/${n}/alice.txt`)
    await login('node-sdk', 'admin').upload(`p/${n}/admin.txt`)
    files.push([fileID, `p/${n}`])
  }
  await compare(FILES, '--storage', async (client) => {
    const [fileID, folder] = files.pop()
    const row = [await may(client.read(fileID)), ' ']
    for (const name of ['alice', 'own', 'admin']) row.push(await may(client.upload(`${folder}/${name}.txt`)))
    return row.join('') + await may(client.erase(fileID))
  })
})

test('functions', async () => {
  await compare(FUNCTIONS, '--functions', async (client) => `${await may(client.call('echo'))}${await may(client.call('whoami'))}`)
})
