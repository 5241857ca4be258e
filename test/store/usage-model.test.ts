import fc from 'fast-check'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/types.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { stored } from '../support/stored.ts'

const START = 472_222 * 3600
const IDS = ['ada', 'eve', 'bob']
/** How many hours failures count. */
const HOURS = 24

/** An action on one of two stores with the same file. */
type Step = { readonly at: 0 | 1 } & (
  | { readonly kind: 'use'; readonly id: string; readonly keyNumber: number }
  | { readonly kind: 'replay' }
  | { readonly kind: 'fail'; readonly id: string | null }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'restart' }
)

const at = fc.constantFrom(0 as const, 1 as const)
const id = fc.constantFrom(...IDS)
const seconds = fc.oneof(fc.integer({ min: -70, max: 130 }), fc.integer({ min: 0, max: 40_000 }))
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ at, kind: fc.constant('use' as const), id, keyNumber: fc.constantFrom(1, 2) }),
  fc.record({ at, kind: fc.constant('use' as const), id, keyNumber: fc.constantFrom(1, 2) }),
  fc.record({ at, kind: fc.constant('fail' as const), id: fc.option(id) }),
  fc.record({ at, kind: fc.constant('wait' as const), seconds }),
  fc.record({ at, kind: fc.constant('replay' as const) }),
  fc.record({ at, kind: fc.constant('restart' as const) }),
)

/** Computes the expected usage in the simplest way. */
class Model {
  now = START
  readonly used = new Map<string, number>()
  /** For each store: when it last wrote the use of each key. */
  readonly written = [new Map<string, number>(), new Map<string, number>()] as const
  readonly failed: { readonly id: string; readonly hour: number }[] = []

  use(store: 0 | 1, id: string, keyNumber: number): void {
    const name = `${id} ${keyNumber}`
    const before = this.written[store].get(name)
    if (before !== undefined && Math.abs(this.now - before) < 60) return
    this.written[store].set(name, this.now)
    this.used.set(name, Math.max(this.now, this.used.get(name) ?? 0))
  }

  failures(id: string): number {
    const hour = Math.floor(this.now / 3600)
    return this.failed.filter((each) => each.id === id && each.hour > hour - HOURS).length
  }
}

test('whatever two servers do, uses are exact to a minute, and no failure is lost or counted twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      using folder = temporaryFolder()
      const open = () => openStore({ path: folder.path('mac.db'), driver: 'own' })
      const stores: [Store, Store] = [await open(), await open()]
      const oldKey = { key: 'old', algorithm: 'hmac-sha-256', until: START * 2 } as const
      for (const id of IDS) await stores[0].credentials.insert(stored(id, { keyNumber: 2, oldKey }))
      const model = new Model()
      let last = { timestamp: START, credential: 'nobody', keyNumber: 1, nonce: 'first' }
      let latest = START
      await stores[0].nonces.record({ ...last, now: START })
      for (const [at, step] of steps.entries()) {
        const { nonces } = stores[step.at]
        const { now } = model
        if (step.kind === 'use') {
          const { id: credential, keyNumber } = step
          last = { timestamp: START, credential, keyNumber, nonce: String(at) }
          expect((await nonces.record({ ...last, now })).verdict).toBe('new')
          model.use(step.at, credential, keyNumber)
        } else if (step.kind === 'replay') {
          expect((await nonces.record({ ...last, now })).verdict).toBe('seen')
        } else if (step.kind === 'fail') {
          nonces.countFailure(step.id ?? 'nobody', now, step.id !== null)
          if (step.id !== null) model.failed.push({ id: step.id, hour: Math.floor(now / 3600) })
        } else if (step.kind === 'wait') {
          // The clock is set back at most a little. Otherwise failures that were removed would count again.
          model.now = Math.max(latest - 70, now + step.seconds)
          latest = Math.max(latest, model.now)
        } else {
          await stores[step.at].close()
          stores[step.at] = await open()
          model.written[step.at].clear()
        }
      }
      for (const store of stores) await store.close()
      const store = await open()
      const usage = await store.credentials.usage(model.now, null)
      for (const id of IDS) {
        const known = usage.get(id)
        for (const keyNumber of [1, 2]) {
          expect(known?.used.get(keyNumber)).toBe(model.used.get(`${id} ${keyNumber}`))
        }
        expect(known?.failures ?? 0).toBe(model.failures(id))
      }
      await store.close()
    }),
    { numRuns: 60 },
  )
}, 180_000)
