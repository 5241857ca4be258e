import { openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createMac, getMac, type MacError, type MacOptions } from '../../../src/index.ts'
import { type Command, runCommand } from './commands.ts'
import { listen } from './listen.ts'

/** The options of a server process, as JSON in its only argument. */
export interface ServeOptions {
  readonly database: string
  readonly windowSeconds: number
  /** Whether commands use a separate `Mac` on the same file. */
  readonly apart: boolean
  /** What to add to the machine's clock, in seconds. */
  readonly clock: number
  /** The file in which the handler notes each nonce that it was called with, or `null`. */
  readonly log: string | null
}

/*
 * A server process, on any runtime. It prints its port, and then a line of JSON for each answer to a command
 * and for each failure of the store. It ends when its input ends, so that none stays if the harness is
 * killed.
 */
if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? '') as ServeOptions
  const state = { clock: options.clock }
  const { database, windowSeconds, apart } = options
  const macOptions: MacOptions = {
    database,
    windowSeconds,
    origin: 'http://api.example.com',
    now: () => Date.now() / 1000 + state.clock,
    onReject: (error) => {
      if (error.status !== 401) say({ failure: `${error.code} ${error.message}${causeOf(error)}` })
    },
  }
  const mac = createMac(macOptions)
  const manager = apart ? createMac(macOptions) : mac
  const log = options.log === null ? null : openSync(options.log, 'a')
  const app = (request: Request) => {
    // Written to the file before the answer, so that it is there even if the process is killed.
    if (log !== null) writeSync(log, `${getMac(request)?.nonce}\n`)
    return new Response('in')
  }
  const listening = await listen(mac.withMac(app))
  const input = createInterface({ input: process.stdin })
  input.on('line', async (line) => {
    const command = JSON.parse(line) as Command
    say(await runCommand(command, manager, state))
    if (command.do !== 'stop') return
    await listening.stop()
    await mac.close()
    await manager.close()
    process.exit(0)
  })
  input.on('close', () => process.exit(0))
  say({ port: listening.port })
}

function causeOf(error: MacError): string {
  return error.code === 'ERR_MAC_INTERNAL' ? `: ${error.cause}` : ''
}

function say(what: unknown): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}
