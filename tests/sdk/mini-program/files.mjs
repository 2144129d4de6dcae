// The files of a mini program that runs against the emulator, as it serves them and `init` places them.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

async function served(name) {
  const response = await fetch(`${process.env.CLOUDKIT_EMULATOR_URL}/__cloudkit/${name}`)
  const module = { exports: {} }
  new Function('module', 'require', await response.text())(module, require)
  return module.exports
}

export const { createWx, Program } = await served('wx-stand-in.js')
export const { install } = await served('wx-cloud.js')
