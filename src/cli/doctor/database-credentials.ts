import { type KeyRow, openKey, openOldKey } from '../../store/credential-row.ts'
import type { KeySealer } from '../../store/sealing/sealer.ts'
import { type SealingUse, sealingUses } from '../../store/sealing/sealing-check.ts'
import { environmentSealer } from '../../store/sealing/sealing-source.ts'
import { manyCredentials } from '../credential-text.ts'
import type { Inspected } from '../database.ts'
import { lineOn, pasted } from '../help.ts'
import { showAgo, showSpan } from '../terminal/moments.ts'
import { bad, type Finding, good, note } from './finding.ts'

const WEEK = 7 * 86_400
/** At most this many credentials are named in one finding. */
const NAMED = 3
/** The first schema version in which a credential can be disabled and rotated. */
const LIFE = 4

/** Checks the credentials: their status, which expire soon, and whose old key is still in use. */
export function credentialFindings({ rows }: Inspected, version: number, now: number): Finding[] {
  if (version < LIFE) return [statusCounts(rows, 'null', now)]
  return [
    statusCounts(rows, 'disabled', now),
    ...ending(rows, now),
    ...oldKeys(rows, now),
    history(rows, now),
  ]
}

function statusCounts(rows: Inspected['rows'], disabled: string, now: number): Finding {
  const [counts] = rows(
    `select count(*) as "all", count(revoked) as revoked,
      count(case when revoked is null then ${disabled} end) as disabled,
      count(case when revoked is null and ${disabled} is null and expires <= ? then 1 end) as expired
      from mac_credentials`,
    now,
  )
  const all = Number(counts?.all)
  const revoked = Number(counts?.revoked)
  const disabledOnes = Number(counts?.disabled)
  const expired = Number(counts?.expired)
  const valid = all - revoked - disabledOnes - expired
  const text = `${valid} valid, ${expired} expired, ${disabledOnes} disabled, ${revoked} revoked`
  if (valid > 0) return good('credentials', text)
  const advice = `create one: "${pasted('create USER')}"`
  return note('credentials', `${text}: nobody can sign requests`, advice)
}

/** Credentials that expire within a week. Not those whose whole lifetime is at most a week. */
function ending(rows: Inspected['rows'], now: number): Finding[] {
  const found = rows(
    `select id, user, expires,
        (select max(used) from mac_usage where credential = id) as used
      from mac_credentials
      where revoked is null and disabled is null and remove_at is null
        and expires > ? and expires <= ? and expires - created > ${WEEK}
      order by expires`,
    now,
    now + WEEK,
  )
  const [first] = found
  if (first === undefined) return []
  const named = found.map(
    ({ id, user, expires, used }) =>
      `${id} of ${user} in ${showSpan(Number(expires) - now)}, ${useOf(used, now)}`,
  )
  const ends = found.length === 1 ? 'one expires' : `${found.length} expire`
  return [
    note(
      'expiry',
      `${ends} within a week: ${listed(named)}`,
      `to keep it: "${lineOn(String(first.id), 'extend', '--expires 90d')}"`,
    ),
  ]
}

/**
 * Credentials whose old key is in its grace, and whether that key was used after it was replaced. A server
 * stores the first such use with the next nonces, and later ones once a minute.
 */
function oldKeys(rows: Inspected['rows'], now: number): Finding[] {
  const found = rows(
    `select id, user, rotated, min(old_until, ifnull(expires, old_until)) as ends,
        (select used from mac_usage where credential = id and key_number = c.key_number - 1) as used
      from mac_credentials c
      where revoked is null and disabled is null and ends > ?
      order by ends`,
    now,
  )
  if (found.length === 0) return []
  const inGrace = found.length === 1 ? 'one old key is' : `${found.length} old keys are`
  // A use in the same second as the rotation counts, because the order is unknown.
  const inUse = found.filter(
    ({ rotated, used }) => used !== null && Number(used) >= Number(rotated),
  )
  const [first] = inUse
  if (first === undefined) {
    return [good('rotation', `${inGrace} still valid, and no use since the rotation is known`)]
  }
  const named = inUse.map(
    ({ id, user, ends, used }) =>
      `${id} of ${user}, ${useOf(used, now)}, rejected in ${showSpan(Number(ends) - now)}`,
  )
  const still = inUse.length === 1 ? 'one is' : `${inUse.length} are`
  return [
    note(
      'rotation',
      `${inGrace} still valid, and ${still} in use: ${listed(named)}`,
      `give these clients the new key before then; to check again: "${lineOn(String(first.id), 'show')}"`,
    ),
  ]
}

/** The latest change to a credential. */
function history(rows: Inspected['rows'], now: number): Finding {
  const [last] = rows(
    `select at, action, credential, (select count(*) from mac_audit) as "all"
      from mac_audit order by number desc limit 1`,
  )
  if (last === undefined) return good('history', 'no changes yet')
  const ago = showAgo(new Date(Number(last.at) * 1000), new Date(now * 1000))
  const text = `changes: ${last.all}, the latest ${ago}: ${last.action} ${last.credential}`
  return good('history', text)
}

function useOf(used: unknown, now: number): string {
  if (used === null) return 'never used'
  return `last used ${showAgo(new Date(Number(used) * 1000), new Date(now * 1000))}`
}

function listed(named: readonly string[]): string {
  const more = named.length - NAMED
  return [...named.slice(0, NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

/** How many rows are read at a time. */
const PAGE = 1000
/** At most this many identifiers are named. */
const MOST_NAMED = 5

/** Checks with which sealing keys the keys in the database are sealed. */
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
  const uses = database.rows(sealingUses()).map(({ by, credentials }) => ({
    by: by as string | null,
    credentials: Number(credentials),
  }))
  const missing = uses.filter(({ by }) => by !== null && !sealer.ids.includes(by))
  if (missing.length > 0) {
    const given = sealer.ids.length === 0 ? 'none' : sealer.ids.join(', ')
    return [
      bad(
        'sealing',
        `MAC_SEALING_KEY lacks sealing keys that the database needs: keys ${list(missing)}; it has ${given}`,
        'set it as on the servers, with all sealing keys, separated by commas: otherwise every request is rejected',
      ),
    ]
  }
  const unopened = sealer.current === null ? [] : unopenedFindings(database, sealer)
  return [sealedState(uses, sealer), ...unopened]
}

function sealedState(uses: readonly SealingUse[], { current, ids }: KeySealer): Finding {
  const unsealed = uses.find(({ by }) => by === null)?.credentials ?? 0
  if (current === null) {
    const text = 'keys are not sealed: whoever has the file, or a backup of it, can sign requests'
    return note(
      'sealing',
      text,
      `set MAC_SEALING_KEY (to create one: openssl rand -base64 32), then run "${pasted('reseal')}"`,
    )
  }
  const others = uses.filter(({ by }) => by !== current)
  if (others.length > 0) {
    const text = `the sealing key is ${current}, but not all keys are sealed with it: keys ${list(uses)}`
    const advice = unsealed > 0 ? 'to seal all keys' : 'to seal all keys with the first sealing key'
    return note('sealing', text, `${advice}: "${pasted('reseal')}"`)
  }
  const text = `all keys are sealed with ${current}`
  if (ids.length === 1) return good('sealing', text)
  const more = ids.filter((id) => id !== current).join(', ')
  return note(
    'sealing',
    `${text}; MAC_SEALING_KEY also has ${more}`,
    'no key needs it: you can remove it there',
  )
}

/** Checks whether each key can be opened. The ids of the sealing keys alone do not show that. */
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
  const more = unopened.length > MOST_NAMED ? ` and ${unopened.length - MOST_NAMED} more` : ''
  return [
    bad(
      'keys',
      `the keys of ${unopened.slice(0, MOST_NAMED).join(', ')}${more} cannot be opened: they were changed, or copied from another row`,
      `give each a new key: "${pasted('rotate ID --grace 0')}"; and find out who wrote to this file`,
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
      return by === null ? `of ${many} not at all` : `of ${many} with ${by}`
    })
    .join(', ')
}
