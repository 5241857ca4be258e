import { openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Mac, MacOptions, NewCredential } from '../../../../src/index.ts'
import { Lag } from './lag.ts'

/** The options of a server process, as JSON in its only argument. */
export interface ServeOptions {
  /** The URL of the module with `createMac`: the sources, a packed version, or one with a mistake. */
  readonly entry: string
  readonly mac: Pick<MacOptions, 'database' | 'nonces' | 'windowSeconds' | 'storeTimeoutSeconds'>
  /** What to add to the machine's clock, in seconds. */
  readonly clock: number
  /** The file in which it notes each accepted nonce. */
  readonly ledger: string
}

/** A message to a server process. */
export type Order =
  | { readonly do: 'verify'; readonly header: string }
  | { readonly do: 'create'; readonly id: string; readonly key: string }
  | { readonly do: 'revoke'; readonly id: string }
  | { readonly do: 'prune' | 'stop' }

/** Its answer. */
export interface Answer {
  /** `200`, or the status and the code of the error. */
  readonly outcome: string
  /** The message of the error. */
  readonly message: string
  /** How long it took, in milliseconds, without the time in which the process did not run. */
  readonly ms: number
}

const URL = 'http://api.example.com/orders?page=1'

/** The parts of a `Mac` that are used here. A control has its own. */
export type ServedMac = Pick<
  Mac,
  'ready' | 'verify' | 'createCredential' | 'revokeCredential' | 'prune' | 'close'
>

/*
 * A server process without HTTP: it verifies what comes as lines of JSON, and prints the answers as such. It ends
 * when its input ends, so that none stays if the harness is killed.
 */
if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? '') as ServeOptions
  const { createMac } = (await import(options.entry)) as {
    createMac(options: MacOptions): ServedMac
  }
  const mac = createMac({
    ...options.mac,
    origin: 'http://api.example.com',
    now: () => Date.now() / 1000 + options.clock,
    onReject: () => {},
  })
  const ledger = openSync(options.ledger, 'a')
  const lag = new Lag()
  const input = createInterface({ input: process.stdin })
  input.on('line', async (line) => {
    const order = JSON.parse(line) as Order & { readonly number: number }
    const begun = lag.begin()
    const said = await follow(order, mac, ledger).catch(failed)
    say({ number: order.number, ...said, ms: lag.end(begun) })
    if (order.do === 'stop') process.exit(0)
  })
  input.on('close', () => process.exit(0))
  await mac.ready().then(
    () => say({ ready: true }),
    (error) => say({ ready: failed(error) }),
  )
}

type Said = Omit<Answer, 'ms'>

async function follow(order: Order, mac: ServedMac, ledger: number): Promise<Said> {
  switch (order.do) {
    case 'verify':
      return verify(order.header, mac, ledger)
    case 'create': {
      const { id, key } = order
      const made: NewCredential = await mac.createCredential('ada', { id, key })
      return { outcome: '200', message: made.id }
    }
    case 'revoke':
      await mac.revokeCredential(order.id)
      return { outcome: '200', message: '' }
    case 'prune':
      return { outcome: '200', message: String(await mac.prune()) }
    case 'stop':
      await mac.close()
      return { outcome: '200', message: '' }
  }
}

async function verify(authorization: string, mac: ServedMac, ledger: number): Promise<Said> {
  const verdict = await mac.verify(new Request(URL, { headers: { authorization } }))
  if (verdict.ok) {
    // Written before the answer, so that it is there even if the process is killed.
    writeSync(ledger, `${verdict.identity.nonce}\n`)
    return { outcome: '200', message: '' }
  }
  const { status, code, message } = verdict.error
  return { outcome: `${status} ${code}`, message }
}

function failed(error: unknown): Said {
  const { code = 'none', message } = error as { code?: string; message: string }
  return { outcome: `failed ${code}`, message }
}

function say(what: unknown): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}
