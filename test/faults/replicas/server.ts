import { openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { listen } from '../server/listen.ts'

/** The options of a server process, as JSON in its only argument. */
export interface ReplicaOptions {
  /** The folder of the library's code, unchanged or with a mistake. */
  readonly source: string
  readonly database: string
  readonly nonces: string | null
  readonly windowSeconds: number
  readonly port: number
  /** The file in which the handler notes what it was called with. */
  readonly log: string
}

/*
 * A server process, on any runtime. It prints a line when it listens. It ends when its input ends, so that none
 * stays if the harness is killed.
 */
const options = JSON.parse(process.argv[2] ?? '') as ReplicaOptions
const { createMac, getMac } = (await import(
  pathToFileURL(`${options.source}/index.ts`).href
)) as typeof import('../../../src/index.ts')
const mac = createMac({
  database: options.database,
  ...(options.nonces === null ? {} : { nonces: options.nonces }),
  windowSeconds: options.windowSeconds,
  origin: 'http://api.example.com',
  onReject: (error) => {
    if (error.status !== 401) console.log(`${error.code} ${error.message}`)
  },
})
const log = openSync(options.log, 'a')
const app = (request: Request) => {
  const { id, timestamp, nonce } = getMac(request) ?? {}
  // Written to the file before the answer, so that it is there even if the process is killed.
  writeSync(log, `${id} ${timestamp} ${nonce}\n`)
  return new Response('in')
}
createInterface({ input: process.stdin }).on('close', () => process.exit(0))
await listen(mac.withMac(app), options.port)
console.log('ready')
