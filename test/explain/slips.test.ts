import { explain } from '../../src/explain/explain.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type ClientSlip, CREDENTIAL, NOW, SLIPS, seenFrom } from './slipping-client.ts'

/**
 * What cannot be told apart, or is one thing to those who mend it: both give the same text to sign.
 * First the slips that were made, by their kinds or names, then the kinds that are named.
 */
const SAID_AS: Readonly<Record<string, string>> = {
  'host + port': 'origin',
  'path-decoded + query-decoded': 'target-decoded',
  // Where ext is empty, its line and the line feed before it are all that either leaves out.
  'no LF at the end + the ext unsigned': 'ext-unsigned',
  'CR LF + no line for the absent ext': 'line-ends',
  'a backslash and an n + no line for the absent ext': 'line-ends',
}

/** An `ext` of its own tells a missing line feed from a missing line, so there is one. */
function seen(slips: readonly ClientSlip[]) {
  return seenFrom(slips, slips.some(({ group }) => group === 'ext') ? '' : 'x=1')
}

function kindsFound(slips: readonly ClientSlip[]): string {
  const found = explain(seen(slips), CREDENTIAL).slips.map(({ kind }) => kind)
  return found.sort().join(' + ')
}

function kindsMade(slips: readonly ClientSlip[]): string {
  const joined = (texts: string[]) => texts.sort().join(' + ')
  const made = joined(slips.map(({ kind }) => kind))
  return SAID_AS[joined(slips.map(({ name }) => name))] ?? SAID_AS[made] ?? made
}

test('without a slip nothing is wrong', () => {
  expect(explain(seen([]), CREDENTIAL)).toMatchObject({ ok: true, code: null, slips: [] })
})

describe('one slip is found and named:', () => {
  test.each(SLIPS.map((slip) => [slip.name, slip] as const))('%s', (_, slip) => {
    expect(kindsFound([slip])).toBe(kindsMade([slip]))
  })
})

describe('two slips are found and named:', () => {
  for (const [at, one] of SLIPS.entries()) {
    const others = SLIPS.slice(at + 1).filter(({ group }) => group !== one.group)
    if (others.length === 0) continue
    test(`${one.name}, and each of ${others.length} others`, () => {
      const wrong = others
        .map((other) => [other.name, kindsFound([one, other]), kindsMade([one, other])])
        .filter(([, found, made]) => found !== made)
      expect(wrong).toEqual([])
    })
  }
})

describe('three everyday slips are found and named:', () => {
  test.each([
    ['port 443', 'no query', 'the key from base64'],
    ['the forwarded host', 'the method in lower case', 'no LF at the end'],
    ['a decoded path', 'the ext unsigned', 'milliseconds signed'],
    ['host and port swapped', 'no query', 'CR LF'],
    // These two are read off the MAC, and cost no search.
    ['SHA-1', 'the MAC in hexadecimal', 'an empty port', 'the whole URL'],
  ])('%s, %s, %s', (...names) => {
    const slips = SLIPS.filter(({ name }) => names.includes(name))
    expect(slips).toHaveLength(names.length)
    expect(kindsFound(slips)).toBe(kindsMade(slips))
  })
})

describe('milliseconds of which only the seconds were sent are found', () => {
  const milliseconds: ClientSlip = {
    name: 'milliseconds signed',
    kind: 'ts-milliseconds-signed',
    group: 'ts',
    make: (recipe) => {
      recipe.ts = `${NOW}789`
    },
  }

  test.each([[], ['port 443'], ['no query'], ['SHA-1'], ['the key from base64'], ['CR LF']])(
    'beside %s',
    (...names) => {
      const slips = [milliseconds, ...SLIPS.filter(({ name }) => names.includes(name))]
      expect(kindsFound(slips)).toBe(kindsMade(slips))
    },
  )
})

test('the line of an absent ext cannot be told from the line feed before it, and both are said', () => {
  const slips = SLIPS.filter(({ name }) => name === 'no LF at the end')
  const { slips: found } = explain(seenFrom(slips), CREDENTIAL)
  expect(found.map(({ kind }) => kind)).toEqual(['ext-line'])
  expect(found[0]?.sentence).toContain('or the line feed at the end')
})
