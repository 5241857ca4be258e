import fc from 'fast-check'
import { Kysely } from 'kysely'
import { createMac } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'
import { applicationDialect, openDatabase } from '../support/sqlite.ts'

const URL = 'http://example.com/a'
const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }
const CREATE = { ...KEY, expires: null }

/** Three servers that share a database and disagree on windows and clock offsets. */
const OPTIONS = [
  { windowSeconds: 10 },
  { windowSeconds: 100 },
  { windowSeconds: 20, clockOffset: { maxSeconds: 200 } },
]

const server = fc.nat(OPTIONS.length - 1)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ server, skew: fc.integer({ min: -150, max: 150 }) }) },
  { weight: 4, arbitrary: fc.record({ server, again: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ move: fc.integer({ min: -250, max: 400 }) }) },
  { weight: 2, arbitrary: fc.record({ server, prune: fc.constant(true) }) },
  { weight: 1, arbitrary: fc.constantFrom({ credential: 'reset' }, { credential: 'recreate' }) },
)

type Step = {
  server?: number
  skew?: number
  again?: number
  move?: number
  prune?: boolean
  credential?: string
}

/** Runs the steps. @returns How often each header was accepted. */
async function run(steps: readonly Step[]): Promise<Map<string, number>> {
  const clock = new Clock()
  const dialect = await applicationDialect(openDatabase(':memory:'))
  const database = new Kysely<unknown>({ dialect })
  const macs = OPTIONS.map((options) => createMac({ ...options, database, now: clock.now }))
  const apps = macs.map((mac) => mac.withMac(() => new Response()))
  const [first] = macs
  await first?.createCredential('ada', CREATE)
  const accepted = new Map<string, number>()
  const send = async (at: number, header: string) => {
    const answer = await apps[at]?.(new Request(URL, { headers: { authorization: header } }))
    const before = accepted.get(header) ?? 0
    accepted.set(header, before + (answer?.status === 200 ? 1 : 0))
  }
  for (const { server: at = 0, skew, again, move, prune, credential } of steps) {
    if (skew !== undefined) await send(at, authorization(KEY, URL, { ts: clock.seconds + skew }))
    const sent = [...accepted.keys()]
    const old = again === undefined ? undefined : sent[again % sent.length]
    if (old !== undefined) await send(at, old)
    clock.seconds += move ?? 0
    if (prune === true) await macs[at]?.prune()
    if (credential === 'reset') await first?.resetClockOffset(KEY.id)
    if (credential === 'recreate') {
      await first?.deleteCredential(KEY.id)
      await first?.createCredential('ada', CREATE)
    }
  }
  await database.destroy()
  return accepted
}

test('no request is accepted twice, whatever clocks, windows, clock offsets and cleanup do', async () => {
  let total = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      for (const times of (await run(steps)).values()) {
        total += times
        expect(times).toBeLessThanOrEqual(1)
      }
    }),
    { numRuns: 150 },
  )
  expect(total).toBeGreaterThan(100)
}, 180_000)
