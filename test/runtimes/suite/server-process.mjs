import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { check } from './checks.mjs'
import { config, runtimeArguments } from './this-runtime.mjs'

const PATIENCE_MS = 20_000

/** The running processes. A part that fails may leave one, which must not outlive the suite. */
const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts a server process of this runtime.
 *
 * @param server The configuration of `server/serve.mjs`, and the `folder` of its database.
 * @returns Its ports by handler. `kill` kills the process, and checks that it printed no warnings except
 *   expected lines.
 */
export async function startServer({ folder = null, ...server }) {
  const file = join(config.folder, 'server/serve.mjs')
  const { database, variables } = server
  const child = startProcess(file, [JSON.stringify(server)], { folder, database, variables })
  const ports = await Promise.race([child.firstLine, child.end])
  if (typeof ports !== 'string') throw new Error(`a server ended at once: ${child.errors()}`)
  return {
    ports: JSON.parse(ports),
    async kill(expected = /^$/) {
      child.kill()
      await child.end
      const lines = child.errors().split('\n')
      const others = lines.filter((line) => !expected.test(line)).join('\n')
      check(`the server on ${server.adapter} prints no warning`, others, '')
    },
  }
}

/**
 * Runs a file on this runtime, or on another Node, and waits for its end.
 * @returns Its output and its warnings.
 */
export async function runFile(file, args = [], { node = process.execPath, folder = null } = {}) {
  // The database is in memory, for which Deno needs no permission, or in the given folder.
  const child = startProcess(file, args, { folder, database: 'sqlite::memory:', node })
  const { output } = await child.end
  return { output: output.trim(), errors: child.errors() }
}

function startProcess(file, args, { folder, database, variables, node = process.execPath }) {
  // Variables such as NODE_OPTIONS could hide a warning.
  const { PATH, HOME } = process.env
  const own = runtimeArguments(file, { folder, database })
  const child = spawn(node, [...own, ...args], {
    cwd: folder ?? config.folder,
    // In development, a server prints what it rejects.
    env: { PATH, HOME, NO_COLOR: '1', NODE_ENV: 'production', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  child.on('exit', () => running.delete(child))
  let output = ''
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const firstLine = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      output += chunk
      if (output.includes('\n')) resolve(output.slice(0, output.indexOf('\n')))
    })
  })
  const kill = () => child.kill('SIGKILL')
  const tooLong = setTimeout(() => kill(), PATIENCE_MS)
  firstLine.then(() => clearTimeout(tooLong))
  const end = new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(tooLong)
      resolve({ code, output })
    })
  })
  return { firstLine, end, kill, errors: () => errors.trim() }
}
