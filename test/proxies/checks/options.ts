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
    let sentence: string | null = null
    const remedies: string[][] = []
    for (const name of names) {
      const target = lab.outside('/orders?a=1')
      const { id, answer } = await lab.send(optionsAt(name, entry), { entry, target })
      const seen = lab.backend.reportOf(id)
      if (seen !== undefined) {
        lab.pairs.push(optionsPair(lab.recording, { entry, target, options: name, seen }))
      }
      if (answer.status === 200) {
        accepted[name]?.push(entry.name)
        remedies.push(name.split(' + ').filter((part) => part !== 'none'))
      } else if (name === 'none') {
        sentence = sentenceOf(answer.text)
      }
    }
    if (sentence !== null) explained.push({ entry: entry.name, sentence, remedies })
  }
  return { accepted, explained }
}

function optionsAt(name: string, entry: Entry): string {
  return /\b(?:origin|list)$/.test(name) ? `${name} ${signedPort(entry)}` : name
}

function sentenceOf(text: string): string {
  try {
    return JSON.parse(text).explanation?.sentence ?? ''
  } catch {
    return ''
  }
}
