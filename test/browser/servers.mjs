import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from '../runtimes/runtimes.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CACHE = join(ROOT, 'node_modules/.cache/withmac-runtimes')

/** The runtimes that the pages are served on. */
export const SERVED_ON = ['bun', 'node-24']

/** Starts a program on a runtime, and waits until it prints a URL. */
export async function start(name, args, folder, env = {}) {
  const runtime = RUNTIMES.find((each) => each.name === name)
  const binary = join(CACHE, name, runtime.binary)
  if (!existsSync(binary)) {
    throw new Error(
      `${runtime.title} is not installed: run "node test/runtimes/install.mjs" first.`,
    )
  }
  const child = spawn(binary, args, {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      printed += chunk
      const [found] = /http:\/\/\S+/.exec(printed) ?? []
      if (found !== undefined) resolve(found)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${errors}`)))
  })
  return {
    url,
    errors: () => errors,
    async end() {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** Starts `withmac admin`. The URL is the one-time link. */
export function startAdmin(runtime, folder) {
  return start(runtime, [join(ROOT, 'dist/cli/main.js'), 'admin'], folder)
}

/** Adds 100,000 credentials to the database in a folder. */
export async function seed(runtime, folder) {
  const seeding = await start(
    runtime,
    [fileURLToPath(new URL('seed.mjs', import.meta.url))],
    folder,
  )
  await seeding.end()
}

/** Starts a server on the same database whose handler is wrapped. */
export function startApp(runtime, folder) {
  return start(runtime, [fileURLToPath(new URL('app.mjs', import.meta.url))], folder)
}
