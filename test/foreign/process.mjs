import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { cleanEnvironment } from '../runtimes/setup/command.mjs'

/** A process that takes longer to print a line counts as hanging. */
const PATIENCE_MS = 60_000

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts a process that speaks in lines of JSON. It is killed when this process ends.
 *
 * @returns `next` reads a line. `ask` writes one and reads one. Both throw if the process ends or hangs.
 */
export function start([file, ...args], { cwd, env = {} }) {
  const all = Object.entries({ ...cleanEnvironment(), NO_COLOR: '1', ...env })
  // A client would send through the proxy that these variables name.
  const direct = Object.fromEntries(all.filter(([name]) => !/_proxy$/i.test(name)))
  const child = spawn(file, args, { cwd, env: direct })
  running.add(child)
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  child.on('error', (error) => {
    errors += error.message
  })
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const hangs = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
    const { done, value } = await lines.next()
    clearTimeout(hangs)
    if (done) throw new Error(`${[file, ...args].join(' ')} ended, or hung: ${errors}`)
    return JSON.parse(value)
  }
  return {
    next,
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      return next()
    },
    stop: () => child.kill('SIGKILL'),
  }
}
