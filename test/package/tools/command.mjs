import { spawn } from 'node:child_process'

/** Kept although its name begins with NODE_: it says where the machine's certificates are. */
const KEPT = /^NODE_EXTRA_CA_CERTS$/
/** Left out: these change how Node, Bun and npm work, colour their output, or name a database. */
const LEFT_OUT = /^(?:NODE_|BUN_|MAC_|FORCE_COLOR$|npm_package_|npm_lifecycle_)/

/** Returns the environment for commands: what a user's shell would have. */
export function plainEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => KEPT.test(name) || !LEFT_OUT.test(name),
  )
  return { ...Object.fromEntries(kept), NO_COLOR: '1' }
}

/**
 * Runs a command to its end, and returns its output.
 * @throws Error with its output, if it fails or takes more than three minutes.
 */
export function run(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: plainEnvironment(), timeout: 180_000 })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) return resolve({ stdout, stderr })
      const line = [command, ...args].join(' ')
      reject(new Error(`${line} ended with ${signal ?? code}\n${stdout}${stderr}`.trimEnd()))
    })
  })
}
