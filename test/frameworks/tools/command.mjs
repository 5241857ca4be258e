import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'

/** Variables that `npm run` adds, or that change colours or the place of databases and servers. */
const LEFT_OUT =
  /^(?:npm_(?:lifecycle|package|command|node|execpath)|npm_config_(?:local_|global_)?prefix$|INIT_CWD$|NODE_ENV$|NODE_OPTIONS$|FORCE_COLOR$|MAC_|ORIGIN$|HOST$|PORT$)/i

/** The tools of these frameworks would call their makers. */
const NO_TELEMETRY = { NEXT_TELEMETRY_DISABLED: '1', ASTRO_TELEMETRY_DISABLED: '1' }

const PATIENCE_MS = 180_000

/** @returns The environment of a user's shell, with a Node first in the path. */
export function environment({ node = null, ...more } = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !LEFT_OUT.test(name))
  const own = { ...Object.fromEntries(kept), NO_COLOR: '1', CI: '1', ...NO_TELEMETRY }
  if (node !== null) own.PATH = `${dirname(node)}${delimiter}${own.PATH}`
  return { ...own, ...more }
}

/**
 * Runs npm, and waits for its end.
 * @throws Error with its output if it fails or takes more than three minutes.
 */
export function npm(args, { cwd, env = environment() }) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', [...args, '--no-audit', '--no-fund', '--no-update-notifier'], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE_MS,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output)
      reject(new Error(`npm ${args.join(' ')} ended with ${signal ?? code}\n${output.trim()}`))
    })
  })
}
