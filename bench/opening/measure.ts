import assert from 'node:assert/strict'
import { assertRemembered, type FilledDatabase } from '../growth/fill.ts'
import { watchPauses } from '../growth/pauses.ts'
import { collectGarbage } from '../setup/collect.ts'
import { giveBack, given } from '../setup/run-on.ts'
import { macField } from '../signing/mac-field.ts'
import { fetchRequest } from '../signing/request.ts'
import { createMac } from '../withmac.ts'

/** The result of one opening, in its own process. */
export interface OpeningResult {
  readonly milliseconds: number
  /** The longest turn of the event loop during the opening, in milliseconds. */
  readonly pause: number
  /** The resident set after the opening and a garbage collection, in bytes. */
  readonly resident: number
}

const filled = given<FilledDatabase>()
const { path, windowSeconds, base } = filled
const watch = watchPauses()
watch.begin()
const start = performance.now()
const mac = createMac({ database: `sqlite:${path}`, windowSeconds, now: () => base })
await mac.ready()
const milliseconds = performance.now() - start
const pause = watch.end().longest
await collectGarbage()
const resident = process.memoryUsage.rss()
await assertRemembered(mac, filled)
const { ok } = await mac.verify(fetchRequest(macField(base)))
assert.ok(ok, 'a fresh request is accepted')
await mac.close()
giveBack({ milliseconds, pause, resident } satisfies OpeningResult)
