import { type KeyRow, openKey, openOldKey } from '../../store/key-columns.ts'
import type { KeySealer } from '../../store/sealing/key-sealer.ts'
import { SEALING_USES, type SealingUse } from '../../store/sealing/sealing-check.ts'
import { environmentSealer } from '../../store/sealing/sealing-source.ts'
import { pasted } from '../called-as.ts'
import { manyCredentials } from '../credential-text.ts'
import type { Inspected } from '../inspect.ts'
import { bad, type Finding, good, note } from './finding.ts'

const MAKE_ONE = 'openssl rand -base64 32 makes one'
/** How many rows are looked at, at a time. */
const PAGE = 1000
/** How many identifiers are named. */
const NAMED = 5

/** What there is to say of how keys are sealed in the database. */
export function sealingFindings(database: Inspected): Finding[] {
  let sealer: KeySealer
  try {
    sealer = environmentSealer()
  } catch (error) {
    const { message } = error as Error
    return [
      bad('sealing', message.replace(/^withmac: /, ''), 'see "Keys at rest" in the documentation'),
    ]
  }
  const uses = database.rows(SEALING_USES).map(({ by, credentials }) => ({
    by: by as string | null,
    credentials: Number(credentials),
  }))
  const missing = uses.filter(({ by }) => by !== null && !sealer.ids.includes(by))
  if (missing.length > 0) {
    const given = sealer.ids.length === 0 ? 'none' : sealer.ids.join(', ')
    return [
      bad(
        'sealing',
        `keys are sealed by sealing keys that are not in MAC_SEALING_KEY here: ${list(missing)}; in it is ${given}`,
        'set it to all of them, separated by commas, as the servers have it: without them nobody gets in',
      ),
    ]
  }
  const unopened = sealer.current === null ? [] : unopenedFindings(database, sealer)
  return [sealedState(uses, sealer), ...unopened]
}

function sealedState(uses: readonly SealingUse[], { current, ids }: KeySealer): Finding {
  const unsealed = uses.find(({ by }) => by === null)?.credentials ?? 0
  if (current === null) {
    const text = 'keys are not sealed: who gets hold of the file, or a backup of it, can sign'
    return note(
      'sealing',
      text,
      `set MAC_SEALING_KEY (${MAKE_ONE}), then run "${pasted('reseal')}"`,
    )
  }
  const others = uses.filter(({ by }) => by !== current)
  if (others.length > 0) {
    const text = `the sealing key is ${current}, and not all keys are sealed by it: ${list(uses)}`
    const advice = unsealed > 0 ? 'seals what is not sealed' : 'brings all under the first'
    return note('sealing', text, `"${pasted('reseal')}" ${advice}`)
  }
  const text = `all keys are sealed, by ${current}`
  if (ids.length === 1) return good('sealing', text)
  const more = ids.filter((id) => id !== current).join(', ')
  return note('sealing', `${text}; MAC_SEALING_KEY has ${more} as well`, 'it can go from there')
}

/** Whether each key can be opened: the key ids alone do not tell. */
function unopenedFindings({ rows }: Inspected, sealer: KeySealer): Finding[] {
  const unopened: string[] = []
  for (let after = ''; ; ) {
    const page = rows(
      `select id, algorithm, key, key_sealed_by, key_number, old_key, old_algorithm, old_sealed_by
        from mac_credentials where id > ? order by id limit ${PAGE}`,
      after,
    ) as unknown as readonly KeyRow[]
    unopened.push(...page.filter((row) => !canOpen(row, sealer)).map(({ id }) => id))
    const last = page.at(-1)
    if (last === undefined) break
    after = last.id
  }
  if (unopened.length === 0) return []
  const more = unopened.length > NAMED ? ` and ${unopened.length - NAMED} more` : ''
  return [
    bad(
      'keys',
      `cannot be opened: those of ${unopened.slice(0, NAMED).join(', ')}${more}; they were changed, or moved from another row`,
      `"${pasted('rotate ID --grace 0')}" gives each a new key; and who can write to this file?`,
    ),
  ]
}

function canOpen(row: KeyRow, sealer: KeySealer): boolean {
  try {
    openKey(row, sealer)
    openOldKey(row, sealer)
    return true
  } catch {
    return false
  }
}

function list(uses: readonly SealingUse[]): string {
  return uses
    .map(({ by, credentials }) => {
      const many = manyCredentials(credentials)
      return by === null ? `of ${many} not at all` : `of ${many} by ${by}`
    })
    .join(', ')
}
