// Who plays in the stories: a person with a mini program, and one at the terminal.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createWx, install } from '../mini-program/files.mjs'

export const origin = process.env.CLOUDKIT_EMULATOR_URL

/** Opens the mini program of a person. */
export function wxOf(openid) {
  const wx = createWx()
  install(wx, { origin, openid }).init()
  return wx
}

export const cloudkit = async (...args) => JSON.parse((await promisify(execFile)(process.env.CLOUDKIT, [...args, '--json'])).stdout)
