import { setImmediate } from 'node:timers'
import { type KeyRow, openKey, openOldKey } from '../store/credential-row.ts'
import type { KeySealer } from '../store/sealing/sealer.ts'
import { SEALING_USES, type SealingUse } from '../store/sealing/sealing-check.ts'
import { environmentSealer } from '../store/sealing/sealing-source.ts'
import { bad, type Finding, good, note } from './finding.ts'
import type { Inspected } from './inspect.ts'

/** How many rows are read at a time. */
const PAGE = 1000
/** At most this many identifiers are named. */
const MOST_NAMED = 5

/** Checks with which sealing keys the keys in the database are sealed. */
export async function sealingFindings(
  database: Inspected,
  source: (() => KeySealer | Promise<KeySealer>) | undefined,
): Promise<Finding[]> {
  let sealer: KeySealer
  try {
    sealer = await (source ?? environmentSealer)()
  } catch (error) {
    const { message } = error as Error
    return [
      bad('sealing', message.replace(/^withmac: /, ''), 'see "Keys at rest" in the documentation'),
    ]
  }
  const uses = (await database.rows(SEALING_USES)).map(({ by, credentials }) => ({
    by: by as string | null,
    credentials: Number(credentials),
  }))
  const missing = uses.filter(({ by }) => by !== null && !sealer.ids.includes(by))
  if (missing.length > 0) {
    const given = sealer.ids.length === 0 ? 'none' : sealer.ids.join(', ')
    return [
      bad(
        'sealing',
        `${source === undefined ? 'MAC_SEALING_KEY' : 'this process'} lacks sealing keys that the database needs: keys ${list(missing)}; it has ${given}`,
        'set MAC_SEALING_KEY as on the servers, with all sealing keys, separated by commas: otherwise every request is rejected',
      ),
    ]
  }
  const unopened = sealer.current === null ? [] : await unopenedFindings(database, sealer)
  return [sealedState(uses, sealer), ...unopened]
}

function sealedState(uses: readonly SealingUse[], { current, ids }: KeySealer): Finding {
  const unsealed = uses.find(({ by }) => by === null)?.credentials ?? 0
  if (current === null) {
    const text =
      'keys are not sealed: whoever can read the database, or a backup of it, can sign requests'
    return note(
      'sealing',
      text,
      'set MAC_SEALING_KEY (to create one: openssl rand -base64 32), then run ',
      { command: 'reseal' },
    )
  }
  const others = uses.filter(({ by }) => by !== current)
  if (others.length > 0) {
    const text = `the sealing key is ${current}, but not all keys are sealed with it: keys ${list(uses)}`
    const advice = unsealed > 0 ? 'to seal all keys' : 'to seal all keys with the first sealing key'
    return note('sealing', text, `${advice}: `, { command: 'reseal' })
  }
  const text = `all keys are sealed with ${current}`
  if (ids.length === 1) return good('sealing', text)
  const more = ids.filter((id) => id !== current).join(', ')
  return note(
    'sealing',
    `${text}; the sealing keys also contain ${more}`,
    'no key needs it: you can remove it from MAC_SEALING_KEY',
  )
}

/** Checks whether each key can be opened. The ids of the sealing keys alone do not show that. */
async function unopenedFindings({ rows }: Inspected, sealer: KeySealer): Promise<Finding[]> {
  const unopened: string[] = []
  for (let after = ''; ; ) {
    const page = (await rows(
      `select id, algorithm, key, key_sealed_by, key_number, old_key, old_algorithm, old_sealed_by
        from mac_credentials where id > ? order by id limit ${PAGE}`,
      after,
    )) as unknown as readonly KeyRow[]
    unopened.push(...page.filter((row) => !canOpen(row, sealer)).map(({ id }) => id))
    const last = page.at(-1)
    if (last === undefined) break
    after = last.id
    // This may run in a server: its requests come in between.
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (unopened.length === 0) return []
  const more = unopened.length > MOST_NAMED ? ` and ${unopened.length - MOST_NAMED} more` : ''
  return [
    bad(
      'keys',
      `the keys of ${unopened.slice(0, MOST_NAMED).join(', ')}${more} cannot be opened: they were changed, or copied from another row`,
      'give each a new key: ',
      { command: 'rotate', options: 'ID --grace 0' },
      '; and find out who wrote to this database',
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
      const many = credentials === 1 ? '1 credential' : `${credentials} credentials`
      return by === null ? `of ${many} not at all` : `of ${many} with ${by}`
    })
    .join(', ')
}
