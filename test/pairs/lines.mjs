import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cleanEnvironment } from '../runtimes/setup/command.mjs'

/** What takes longer to print a line hangs. */
const PATIENCE_MS = 60_000

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts a file on a runtime, with its configuration as JSON; it ends with this process at the latest.
 *
 * @returns Its lines, one at a time; a process that ends or hangs before the next one is an error.
 */
export function lines(runtime, folder, file, config) {
  const args = [...runtime.run, join(folder, file), JSON.stringify(config)]
  const child = spawn(join(folder, runtime.binary), args, {
    cwd: folder,
    env: { ...cleanEnvironment(), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let complaints = ''
  child.stderr.on('data', (chunk) => {
    complaints += chunk
  })
  const iterator = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async next() {
      const hangs = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
      const { done, value } = await iterator.next()
      clearTimeout(hangs)
      if (!done) return value
      throw new Error(`${file} on ${runtime.title} ended, or hung: ${complaints}`)
    },
  }
}
