import type { MacError } from '../errors.ts'
import { likelyScheme, originOf } from './authorities.ts'
import type { ExplainCredential, Explanation, Slip } from './explanation.ts'
import { shown } from './guess.ts'
import { explainedLines } from './lines.ts'
import type { MacForm } from './mac-forms.ts'
import type { SearchResult } from './search.ts'
import { type Case, explanation, freshnessOf } from './verdicts.ts'

/** A slip with the words that stand behind "matches with". */
export type FoundSlip = Slip & { readonly matches: string }

/** All that is otherwise, in the words of the result. */
export function slipsOf(
  { sent }: Case,
  { id }: ExplainCredential,
  form: MacForm,
  { found, signed }: SearchResult,
): FoundSlip[] {
  const slips = (found ?? []).map(({ kind, side, matches, did, change }) => ({
    kind,
    side,
    matches,
    sentence: typeof did === 'string' ? did : did(signed),
    change: typeof change === 'string' ? change : change(signed),
  }))
  const other: FoundSlip = {
    kind: 'id',
    side: 'client',
    matches: `the key of ${shown(id)}`,
    sentence: `the client names the credential ${shown(sent.id)} and signed with the key of ${shown(id)}`,
    change: `let the client send id=${shown(id)}`,
  }
  return [...(sent.id === id ? [] : [other]), ...slips, ...form.slips]
}

/** The MAC is right for what the client signed. */
export function slipped(
  known: Case,
  { clockOffset }: ExplainCredential,
  refusal: MacError | null,
  slips: readonly FoundSlip[],
  { signed, tried, bounded }: SearchResult,
): Explanation {
  const words = (of: (slip: FoundSlip) => string, joint: string) =>
    [...new Set(slips.map(of))].join(joint)
  const sentence =
    `The MAC matches with ${words(({ matches }) => matches, ' and ')}: ` +
    `${words((slip) => slip.sentence, ', and ')}; ${words(({ change }) => change, ', and ')}.`
  const stale = freshnessOf(known, signed.ts, clockOffset)
  const notes = [
    ...(refusal === null ? [] : [refusal.message]),
    ...(stale === null || slips.some(({ kind }) => kind.startsWith('ts-')) ? [] : [stale.sentence]),
  ]
  const server = slips.some(({ side, kind }) => side === 'server' && kind !== 'target-original')
  const origin = server ? originOf(signed.host, signed.port, likelyScheme(known.received)) : null
  return explanation(refusal?.code ?? 'ERR_MAC_MISMATCH', sentence, {
    lines: explainedLines(known.lines, signed),
    slips: slips.map(({ kind, sentence, change, side }) => ({ kind, sentence, change, side })),
    notes,
    settings: origin === null ? null : { origin },
    search: { tried, bounded },
  })
}

/** None of the slips makes the MAC right. */
export function nothingFound(
  { seen, sent, lines }: Case,
  { id }: ExplainCredential,
  refusal: MacError | null,
  form: MacForm,
  { tried, bounded }: SearchResult,
): Explanation {
  const rest = {
    lines,
    notes: [
      ...form.slips.map((slip) => `Besides, ${slip.sentence}: ${slip.change}.`),
      ...(bounded ? ['The search was ended by its bound before all was tried.'] : []),
    ],
    search: { tried, bounded },
  }
  if (sent.id !== id) {
    return explanation(
      seen.code ?? 'ERR_MAC_UNKNOWN_IDENTIFIER',
      `The request names the credential ${shown(sent.id)}, and the one given is ${shown(id)}, whose ` +
        'key did not make this MAC either.',
      rest,
    )
  }
  const none =
    'No usual slip explains the MAC: most likely the client has another key than this credential ' +
    '(compare where both come from; the key may have been replaced), or else the request was changed ' +
    'on its way: compare the lines with what the client signed.'
  return explanation(
    refusal?.code ?? 'ERR_MAC_MISMATCH',
    refusal === null ? none : `${refusal.message} ${none}`,
    rest,
  )
}
