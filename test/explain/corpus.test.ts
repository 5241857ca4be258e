import { expect, test } from '../support/runner.ts'
import { listOf, loadCorpus } from './corpus/load.ts'

const FILES = loadCorpus()
const PAIRS = [...FILES].flatMap(([file, pairs]) => pairs.map((pair) => ({ file, ...pair })))

test('each pair of the corpus has a unique name, and all its parts', () => {
  const names = new Set<string>()
  for (const { file, name, by, signed, seen, credential, cause, change } of PAIRS) {
    const text = `${file}: ${name}`
    expect([text, names.has(name)]).toEqual([text, false])
    names.add(name)
    expect([text, by === '', listOf(cause).length, listOf(change).includes('')]).toEqual([
      text,
      false,
      Math.max(1, listOf(cause).length),
      false,
    ])
    expect([text, Object.keys(signed).sort()]).toEqual([
      text,
      ['ext', 'host', 'key', 'method', 'port', 'target'],
    ])
    expect([text, typeof seen.method, typeof seen.url, typeof seen.headers]).toEqual([
      text,
      'string',
      'string',
      'object',
    ])
    expect([text, credential === null || typeof credential.key]).toEqual([
      text,
      credential === null || 'string',
    ])
  }
})
