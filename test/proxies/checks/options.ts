import { ENTRIES, type Entry } from '../client.ts'
import { type Lab, signedPort } from '../lab.ts'
import { optionsPair } from '../record.ts'

/** Which options the tables try. `origin` is the one that the client signs; `list` also has that of another host. */
export const TRIED_OPTIONS = ['none', 'origin', 'list', 'trustProxy'] as const
export type TriedOption = (typeof TRIED_OPTIONS)[number]

/** A request that was rejected although its client did nothing wrong, and how withmac explains it. */
export interface Explained {
  readonly entry: string
  readonly sentence: string
  /** What withmac says if `origin` is set, but that is not enough; otherwise `null`. */
  readonly withOrigin: string | null
  /** The options, one of which suffices. Each is a list of names that go together. */
  readonly remedies: readonly (readonly string[])[]
}

export interface OptionResults {
  /** By the options, with and without `path`: the entries at which a request is accepted. */
  readonly accepted: Readonly<Record<string, readonly string[]>>
  readonly explained: readonly Explained[]
}

/** Sends a signed request to each entry for each of the options. */
export async function checkOptions(lab: Lab): Promise<OptionResults> {
  const names = lab.setUp.cutsPrefix
    ? [...TRIED_OPTIONS, ...TRIED_OPTIONS.map((name) => `path + ${name}`)]
    : TRIED_OPTIONS
  const accepted: Record<string, string[]> = Object.fromEntries(names.map((name) => [name, []]))
  const explained: Explained[] = []
  for (const entry of ENTRIES) {
    const sentences = new Map<string, string>()
    const remedies: string[][] = []
    for (const name of names) {
      const target = lab.outside('/orders?a=1')
      const { id, answer } = await lab.send(optionsAt(name, entry), { entry, target })
      const seen = lab.backend.reportOf(id)
      // Without path, these would say the same as origin and none.
      const isCopy = lab.setUp.cutsPrefix && (name === 'list' || name === 'trustProxy')
      if (seen !== undefined && !isCopy) {
        lab.pairs.push(optionsPair(lab.recording, { entry, target, options: name, seen }))
      }
      if (answer.status === 200) {
        accepted[name]?.push(entry.name)
        remedies.push(name.split(' + ').filter((part) => part !== 'none'))
      } else if (EXPLAINED_OPTIONS.has(name)) {
        sentences.set(name, sentenceOf(answer.text))
      }
    }
    const sentence = sentences.get('none')
    const withOrigin = sentences.get('origin') ?? null
    if (sentence !== undefined) {
      explained.push({ entry: entry.name, sentence, withOrigin, remedies })
    }
  }
  return { accepted, explained }
}

/** The options whose rejections are explained. */
const EXPLAINED_OPTIONS: ReadonlySet<string> = new Set(['none', 'origin'])

function optionsAt(name: string, entry: Entry): string {
  const full = /\b(?:origin|list)$/.test(name) ? `${name} ${signedPort(entry)}` : name
  return EXPLAINED_OPTIONS.has(name) ? `${full}, explained` : full
}

function sentenceOf(text: string): string {
  try {
    return JSON.parse(text).explanation?.sentence ?? ''
  } catch {
    return ''
  }
}
