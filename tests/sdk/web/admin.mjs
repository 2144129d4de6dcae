// The other side of the scenario: what a project's own server and a person at the terminal do.

import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import tcb from '@cloudbase/node-sdk'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = privateKey.export({ type: 'pkcs1', format: 'pem' })

// A project's code names its cloud environment.
export const ENV = 'shop-1a2b3c'

export const server = tcb.init({
  env: ENV,
  secretId: process.env.TENCENTCLOUD_SECRETID,
  secretKey: process.env.TENCENTCLOUD_SECRETKEY,
  credentials: { private_key_id: 'key-1', private_key: pem, env_id: ENV },
})

/** The newest code that a person would find on the phone or in the mailbox. */
export const codeFor = async (contact) =>
  (await (await fetch(`${env.CLOUDKIT_EMULATOR_URL}/__cloudkit/codes`)).json()).findLast(({ to }) => to === contact)?.code

export const ticketFor = (uid) => server.auth().createTicket(uid)

// As it was at the start: a test may play a program without these variables.
const env = { ...process.env }

export const cloudkit = (...words) => execFileSync(env.CLOUDKIT, words, { encoding: 'utf8', env })

export async function prepare(...names) {
  for (const name of names) await server.database().createCollection(name)
}
