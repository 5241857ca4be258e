import { explain } from '../../src/explain/explain.ts'
import type { Explanation } from '../../src/explain/explanation.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type CorpusPair, listOf, loadCorpus } from './corpus/load.ts'

const FILES = loadCorpus()
const PAIRS = [...FILES].flatMap(([file, pairs]) => pairs.map((pair) => ({ file, ...pair })))
/** How many of a hundred pairs must have their right cause named first. */
const LEAST = 98

interface Outcome {
  readonly pair: CorpusPair & { readonly file: string }
  readonly explanation: Explanation
  /** Whether a right cause is named first. */
  readonly isRight: boolean
  /** Causes that are stated as certain, and are wrong. */
  readonly wrong: readonly string[]
  /** Whether it says what to change. */
  readonly isAdvised: boolean
}

const OUTCOMES = PAIRS.map((pair): Outcome => outcomeOf(pair, explain(pair.seen, pair.credential)))

function outcomeOf(pair: Outcome['pair'], explanation: Explanation): Outcome {
  const { causes, mistakes, sentence, notes, code } = explanation
  const right = listOf(pair.cause)
  const reason = (code ?? '')
    .replace(/^ERR_MAC_/, '')
    .toLowerCase()
    .replaceAll('_', '-')
  const certain = causes.filter(({ certain }) => certain).map(({ kind }) => kind)
  const blamed = mistakes
    .filter(({ side }) => pair.side !== undefined && side !== 'either' && side !== pair.side)
    .map(({ kind, side }) => `${kind}, ${side}`)
  const said = [sentence, ...notes, ...mistakes.map(({ change }) => change)].join(' ')
  return {
    pair,
    explanation,
    isRight: right.includes(causes[0]?.kind ?? 'none'),
    // The code of the rejection is true in any case.
    wrong: [...certain.filter((kind) => !right.includes(kind) && kind !== reason), ...blamed],
    isAdvised: listOf(pair.change).every((phrase) => said.includes(phrase)),
  }
}

function shown({ pair, explanation }: Outcome): string {
  const { causes, sentence } = explanation
  const named = causes.map(({ kind, certain }) => `${kind}${certain ? '!' : '?'}`).join(' ')
  return `${pair.file}: ${pair.name}\n  is ${listOf(pair.cause)}, said ${named}\n  ${sentence}`
}

test('each pair of the corpus has a unique name, and all its parts', () => {
  const names = new Set<string>()
  for (const { file, name, by, signed, seen, credential, cause, change } of PAIRS) {
    const text = `${file}: ${name}`
    expect([text, names.has(text)]).toEqual([text, false])
    names.add(text)
    const empty = [by, ...listOf(cause), ...listOf(change)].filter((part) => part === '')
    expect([text, empty, listOf(cause).length > 0]).toEqual([text, [], true])
    const elements = ['ext', 'host', 'key', 'method', 'port', 'target']
    expect([text, Object.keys(signed).sort()]).toEqual([text, elements])
    const types = [typeof seen.method, typeof seen.url, typeof seen.headers]
    expect([text, ...types]).toEqual([text, 'string', 'string', 'object'])
    expect([text, credential === null || typeof credential.key]).toEqual([
      text,
      credential === null || 'string',
    ])
  }
})

test('the corpus has at least 300 pairs, and prints its score', () => {
  expect(PAIRS.length).toBeGreaterThanOrEqual(300)
  const lines = [...FILES.keys()].map((file) => {
    const own = OUTCOMES.filter(({ pair }) => pair.file === file)
    const count = (of: (outcome: Outcome) => boolean) => own.filter(of).length
    return `${file.padEnd(24)} ${String(own.length).padStart(4)} pairs, ${count(({ isRight }) => isRight)} right, ${count(({ isAdvised }) => isAdvised)} with the right advice`
  })
  const right = OUTCOMES.filter(({ isRight }) => isRight).length
  const score = (100 * right) / OUTCOMES.length
  console.log([...lines, `right cause first: ${score.toFixed(1)} %`].join('\n'))
})

test(`the right cause is named first in at least ${LEAST} % of the corpus`, () => {
  const missed = OUTCOMES.filter(({ isRight }) => !isRight)
  const score = 100 - (100 * missed.length) / OUTCOMES.length
  expect(score >= LEAST ? [] : missed.map(shown)).toEqual([])
})

test('no wrong cause is stated as certain', () => {
  const wrong = OUTCOMES.filter((outcome) => outcome.wrong.length > 0)
  expect(wrong.map((outcome) => `${outcome.wrong.join('; ')}: ${shown(outcome)}`)).toEqual([])
})

test(`the explanation says what to change in at least ${LEAST} % of the corpus`, () => {
  const missed = OUTCOMES.filter(({ isAdvised }) => !isAdvised)
  const score = 100 - (100 * missed.length) / OUTCOMES.length
  const texts = missed.map((outcome) => `${listOf(outcome.pair.change)}: ${shown(outcome)}`)
  expect(score >= LEAST ? [] : texts).toEqual([])
})

describe('the score notices', () => {
  const [first] = OUTCOMES.filter(
    ({ pair, isRight, wrong }) => isRight && wrong.length === 0 && pair.change.length > 0,
  )
  const changed = (causes: Explanation['causes'], more: Partial<Explanation> = {}) =>
    outcomeOf((first as Outcome).pair, { ...(first as Outcome).explanation, ...more, causes })

  test('a wrong cause that is named first', () => {
    expect(changed([{ kind: 'nothing-known', certain: false }]).isRight).toBe(false)
  })

  test('a wrong cause that is stated as certain, also after the right one', () => {
    const { wrong } = changed([...(first?.explanation.causes ?? []), { kind: 'x', certain: true }])
    expect(wrong).toEqual(['x'])
  })

  test('the wrong side that is blamed', () => {
    const mistake = { kind: 'port', side: 'client', sentence: '', change: '' } as const
    const pair = { ...(first as Outcome).pair, side: 'server' as const, cause: 'port' }
    const { explanation } = first as Outcome
    expect(outcomeOf(pair, { ...explanation, causes: [], mistakes: [mistake] }).wrong).toEqual([
      'port, client',
    ])
  })

  test('advice that is missing', () => {
    expect(changed([], { sentence: '', notes: [], mistakes: [] }).isAdvised).toBe(false)
  })
})
