import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { check } from './checks.mjs'
import { config, runtimeArguments } from './this-runtime.mjs'

const PATIENCE_MS = 20_000

/** What a part that fails midway leaves running must not outlive the suite. */
const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts a server process of this runtime.
 *
 * @param server What `server/serve.mjs` takes, and the `folder` of its database.
 * @returns Its ports by handler; `kill` ends it as a power cut would, and checks that it printed no
 *   warning, but for lines that are expected.
 */
export async function startServer({ folder = null, ...server }) {
  const file = join(config.folder, 'server/serve.mjs')
  const { database, variables } = server
  const child = startProcess(file, [JSON.stringify(server)], { folder, database, variables })
  const ports = await Promise.race([child.firstLine, child.end])
  if (typeof ports !== 'string') throw new Error(`a server ended at once: ${child.complaints()}`)
  return {
    ports: JSON.parse(ports),
    async kill(expected = /^$/) {
      child.kill()
      await child.end
      const lines = child.complaints().split('\n')
      const others = lines.filter((line) => !expected.test(line)).join('\n')
      check(`the server on ${server.adapter} prints no warning`, others, '')
    },
  }
}

/**
 * Runs a file on this runtime, or on another Node, to its end; gives its output and what it printed
 * as a warning.
 */
export async function runFile(file, args = [], { node = process.execPath, folder = null } = {}) {
  // What is opened is in memory, for which Deno needs no permission, or in the folder that is given.
  const child = startProcess(file, args, { folder, database: 'sqlite::memory:', node })
  const { output } = await child.end
  return { output: output.trim(), complaints: child.complaints() }
}

function startProcess(file, args, { folder, database, variables, node = process.execPath }) {
  // NODE_OPTIONS and the like could hide a warning.
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
  let complaints = ''
  child.stderr.on('data', (chunk) => {
    complaints += chunk
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
  return { firstLine, end, kill, complaints: () => complaints.trim() }
}
