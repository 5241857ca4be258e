import { explain } from '../../src/explain/explain.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type ClientMistake, CREDENTIAL, MISTAKES, NOW, seenFrom } from './mistaken-client.ts'

/**
 * What cannot be told apart, or is one thing to those who mend it: both give the same text to sign.
 * First the mistakes that were made, by their kinds or names, then the kinds that are named.
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
function seen(mistakes: readonly ClientMistake[]) {
  return seenFrom(mistakes, mistakes.some(({ group }) => group === 'ext') ? '' : 'x=1')
}

function kindsFound(mistakes: readonly ClientMistake[]): string {
  const found = explain(seen(mistakes), CREDENTIAL).mistakes.map(({ kind }) => kind)
  return found.sort().join(' + ')
}

function kindsMade(mistakes: readonly ClientMistake[]): string {
  const joined = (texts: string[]) => texts.sort().join(' + ')
  const made = joined(mistakes.map(({ kind }) => kind))
  return SAID_AS[joined(mistakes.map(({ name }) => name))] ?? SAID_AS[made] ?? made
}

test('without a mistake nothing is wrong', () => {
  expect(explain(seen([]), CREDENTIAL)).toMatchObject({ ok: true, code: null, mistakes: [] })
})

describe('one mistake is found and named:', () => {
  test.each(MISTAKES.map((mistake) => [mistake.name, mistake] as const))('%s', (_, mistake) => {
    expect(kindsFound([mistake])).toBe(kindsMade([mistake]))
  })
})

describe('two mistakes are found and named:', () => {
  for (const [at, one] of MISTAKES.entries()) {
    const others = MISTAKES.slice(at + 1).filter(({ group }) => group !== one.group)
    if (others.length === 0) continue
    test(`${one.name}, and each of ${others.length} others`, () => {
      const wrong = others
        .map((other) => [other.name, kindsFound([one, other]), kindsMade([one, other])])
        .filter(([, found, made]) => found !== made)
      expect(wrong).toEqual([])
    })
  }
})

describe('three everyday mistakes are found and named:', () => {
  test.each([
    ['port 443', 'no query', 'the key from base64'],
    ['the forwarded host', 'the method in lower case', 'no LF at the end'],
    ['a decoded path', 'the ext unsigned', 'milliseconds signed'],
    ['host and port swapped', 'no query', 'CR LF'],
    // These two are read off the MAC, and cost no search.
    ['SHA-1', 'the MAC in hexadecimal', 'an empty port', 'the whole URL'],
  ])('%s, %s, %s', (...names) => {
    const mistakes = MISTAKES.filter(({ name }) => names.includes(name))
    expect(mistakes).toHaveLength(names.length)
    expect(kindsFound(mistakes)).toBe(kindsMade(mistakes))
  })
})

describe('milliseconds of which only the seconds were sent are found', () => {
  const milliseconds: ClientMistake = {
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
      const mistakes = [milliseconds, ...MISTAKES.filter(({ name }) => names.includes(name))]
      expect(kindsFound(mistakes)).toBe(kindsMade(mistakes))
    },
  )
})

test('the line of an absent ext cannot be told from the line feed before it, and both are said', () => {
  const mistakes = MISTAKES.filter(({ name }) => name === 'no LF at the end')
  const { mistakes: found } = explain(seenFrom(mistakes), CREDENTIAL)
  expect(found.map(({ kind }) => kind)).toEqual(['ext-line'])
  expect(found[0]?.sentence).toContain('or no line feed at the end')
})
