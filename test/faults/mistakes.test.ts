import { describe, expect, test } from '../support/runner.ts'
import { MISTAKES } from './journal/mistakes.ts'
import { type Mistake, textWith } from './mistaken-code.ts'
import { HURRIED, POWER_MISTAKES } from './power/mistakes.ts'
import * as replicas from './replicas/mistakes.ts'
import * as shared from './shared/controls/mistakes.ts'
import { NEWER_TABLES } from './shared/postgres/versions.ts'

/*
 * The long runs (`npm run faults:journal`, `faults:power`, `faults:shared`, `test:replicas`) put mistakes into the
 * code. If somebody changes the code, the tests here tell that a mistake has to be changed too.
 */

const ALL: Readonly<Record<string, readonly Mistake[]>> = {
  'of the journal': MISTAKES,
  'of a power cut': [...HURRIED, ...POWER_MISTAKES],
  'of servers that are killed': Object.values(replicas).flat(),
  'of shared stores': [
    NEWER_TABLES,
    ...Object.values(shared).flatMap(({ mistakes = [] }) => mistakes),
  ],
}

describe('a mistake that a long run puts into the code fits the code', () => {
  for (const [kind, mistakes] of Object.entries(ALL)) {
    for (const mistake of mistakes) {
      test(`${kind}: ${mistake.name}`, () => {
        expect(textWith(mistake)).toContain(mistake.wrong)
      })
    }
  }
})

test('a mistake is an error if its file does not have the right text exactly once', () => {
  const file = 'store/migration-steps.ts'
  for (const right of ['if (version >= latest) {', 'version']) {
    expect(() => textWith({ name: 'moved', file, right, wrong: '' })).toThrow(
      '"moved" does not fit store/migration-steps.ts any more',
    )
  }
})
