import type { ExplainCredential } from '../explain/explanation.ts'
import { plain } from '../protocol/plain-text.ts'
import { type CredentialOptions, givenCredential, storedCredential } from './credential.ts'
import { existingPlace, findPlace, type Place } from './database.ts'
import type { Terminal } from './terminal/terminal.ts'

/** What a request is judged by, and where it was found. */
export interface JudgedBy {
  readonly credential: ExplainCredential
  /** In words: a file, a database or variables. */
  readonly from: string
}

/**
 * The credential that a request is judged by: from `--credentials`, else `--id`, else the variables
 * where they are for the identifier that the request names, else the one of that name in the
 * database. Variables for another, as they are left over from other work, come last.
 */
export async function credentialToJudgeBy(
  authorization: string | undefined,
  options: CredentialOptions,
  terminal: Terminal,
): Promise<JudgedBy | null> {
  const { identifierOf } = await import('../explain/loose-header.ts')
  const named = identifierOf(authorization ?? null)
  const note = (text: string) =>
    terminal.note(`${terminal.errorColors.yellow('note:')} the request names ${text}`)
  const otherThan = (id: string, given: string) => {
    if (named !== null && id !== named) {
      note(`the credential ${plain(named)}, and ${given} ${plain(id)}`)
    }
  }
  const { credentials, id, database } = options
  if (credentials === undefined && id !== undefined) {
    otherThan(id, 'you gave')
    return fromDatabase(existingPlace(database), id)
  }
  const given = givenCredential(options, terminal)
  if (given === null) return named === null ? null : fromDatabase(existingPlace(database), named)
  if (credentials !== undefined) {
    otherThan(given.id, `${plain(credentials)} holds`)
    return { credential: given, from: credentials }
  }
  if (named !== null && given.id !== named) {
    const place = findPlace(database)
    const stored = place.existed ? await fromDatabase(place, named) : null
    if (stored !== null) {
      note(`${plain(named)}, not ${plain(given.id)} as MAC_ID has it: MAC_ID is left aside`)
      return stored
    }
    otherThan(given.id, 'MAC_ID is')
  }
  return { credential: given, from: 'MAC_ID and MAC_KEY' }
}

/** The one of a database; nothing where it is not there, which is what is then explained. */
async function fromDatabase(place: Place, id: string): Promise<JudgedBy | null> {
  const credential = await storedCredential(place, id)
  return credential === null ? null : { credential, from: place.path }
}
