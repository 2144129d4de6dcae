// A real Chromium without a window, with a profile of its own. The page tells what it found, so nothing drives it.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// The emulator's child has a preload and a proxy of its own in its variables, which are not the browser's.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NODE_OPTIONS|https?_proxy)$/i.test(name)))

/** Opens a page, and leaves when `until` is settled. */
export async function visit(url, until, flags = []) {
  const profile = mkdtempSync(join(tmpdir(), 'cloudkit-chromium-'))
  const quiet = ['--headless', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--no-first-run']
  // The pages are this folder's, and a container has no other sandbox to offer.
  const browser = spawn(process.env.CHROMIUM ?? 'chromium', [...quiet, '--no-sandbox', `--user-data-dir=${profile}`, ...flags, url], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  browser.stderr.on('data', (bytes) => { said += bytes })
  const ended = new Promise((resolve) => browser.on('close', resolve).on('error', resolve))
  try {
    return await Promise.race([until, ended.then((code) => { throw new Error(`Chromium ended with ${code}\n${said}`) })])
  } finally {
    browser.kill('SIGKILL')
    await ended
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}
