import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cleanEnvironment } from '../runtimes/setup/command.mjs'

/** A process that takes longer to print a line counts as hanging. */
const PATIENCE_MS = 60_000

/** Deno rejects a self-signed certificate, even if it is told to trust it. */
const TRUST_ON_DENO = '--unsafely-ignore-certificate-errors=localhost'

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts a file on a runtime, with its configuration as JSON. It trusts a certificate. It is killed when this
 * process ends.
 *
 * @returns Its lines, one at a time. `next` throws if the process ends or hangs before the next line.
 */
export function lines(runtime, folder, file, config, { cert }) {
  const run = runtime.name === 'deno' ? [...runtime.run, TRUST_ON_DENO] : runtime.run
  const args = [...run, join(folder, file), JSON.stringify(config)]
  const child = spawn(join(folder, runtime.binary), args, {
    cwd: folder,
    env: { ...cleanEnvironment(), ...trusting(cert), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const iterator = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async next() {
      const hangs = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
      const { done, value } = await iterator.next()
      clearTimeout(hangs)
      if (!done) return value
      throw new Error(`${file} on ${runtime.title} ended, or hung: ${errors}`)
    },
  }
}

/** The servers listen only on IPv4, which Node 18 might not try. */
function trusting(cert) {
  const NODE_OPTIONS = '--dns-result-order=ipv4first'
  return { NODE_EXTRA_CA_CERTS: cert, NODE_OPTIONS }
}
