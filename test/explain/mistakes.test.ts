import { explain } from '../../src/explain/explain.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type ClientMistake, CREDENTIAL, MISTAKES, NOW, seenFrom } from './mistaken-client.ts'

/**
 * Mistakes that give the same string to sign as others, or that one change corrects. From the mistakes
 * that the client makes, by kinds or names, to the kinds that the explanation names.
 */
const SAID_AS: Readonly<Record<string, string>> = {
  'host + port': 'origin',
  // The host with a port that is not the signed one.
  'host-with-port + port': 'host-with-port',
  'path-decoded + query-decoded': 'target-decoded',
  // If ext is empty, both mistakes leave out the same: its line and one line feed.
  'no LF at the end + the ext unsigned': 'ext-unsigned',
  'CR LF + no line for the absent ext': 'line-ends',
  'a backslash and an n + no line for the absent ext': 'line-ends',
}

/** Sends an `ext`, so that a missing line feed and a missing line give different strings. */
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

test('finds nothing wrong with a request without a mistake', () => {
  expect(explain(seen([]), CREDENTIAL)).toMatchObject({ ok: true, code: null, mistakes: [] })
})

describe('finds and names one mistake:', () => {
  test.each(MISTAKES.map((mistake) => [mistake.name, mistake] as const))('%s', (_, mistake) => {
    expect(kindsFound([mistake])).toBe(kindsMade([mistake]))
  })
})

describe('finds and names two mistakes:', () => {
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

describe('finds and names three everyday mistakes:', () => {
  test.each([
    ['port 443', 'no query', 'the key from base64'],
    ['the forwarded host', 'the method in lower case', 'no LF at the end'],
    ['a decoded path', 'the ext unsigned', 'milliseconds signed'],
    ['host and port swapped', 'no query', 'CR LF'],
    // The first two show in the MAC itself, and need no search.
    ['SHA-1', 'the MAC in hexadecimal', 'an empty port', 'the whole URL'],
  ])('%s, %s, %s', (...names) => {
    const mistakes = MISTAKES.filter(({ name }) => names.includes(name))
    expect(mistakes).toHaveLength(names.length)
    expect(kindsFound(mistakes)).toBe(kindsMade(mistakes))
  })
})

describe('finds a timestamp that was signed in milliseconds and sent in seconds,', () => {
  const milliseconds: ClientMistake = {
    name: 'milliseconds signed',
    kind: 'ts-milliseconds-signed',
    group: 'ts',
    make: (recipe) => {
      recipe.ts = `${NOW}789`
    },
  }

  test.each([[], ['port 443'], ['no query'], ['SHA-1'], ['the key from base64'], ['CR LF']])(
    'together with: %s',
    (...names) => {
      const mistakes = [milliseconds, ...MISTAKES.filter(({ name }) => names.includes(name))]
      expect(kindsFound(mistakes)).toBe(kindsMade(mistakes))
    },
  )
})

test('names both mistakes if a missing line of an absent ext and a missing line feed give the same string', () => {
  const mistakes = MISTAKES.filter(({ name }) => name === 'no LF at the end')
  const { mistakes: found } = explain(seenFrom(mistakes), CREDENTIAL)
  expect(found.map(({ kind }) => kind)).toEqual(['ext-line'])
  expect(found[0]?.sentence).toContain('or no line feed at the end')
})
