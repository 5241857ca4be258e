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
/** How many are named one by one. */
const NAMED = 3
/** The version of the tables from which a credential can be disabled and rotated. */
const LIFE = 4

/** What there is to say of credentials: how they stand, which end soon, and whose old key is in use. */
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
  const advice = `"${pasted('create USER')}" makes one`
  return note('credentials', `${text}: nobody can sign`, advice)
}

/** Those that end within a week; not those that were made for less, for which that is no surprise. */
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
  const ends = found.length === 1 ? 'one ends' : `${found.length} end`
  return [
    note(
      'expiry',
      `${ends} within a week: ${listed(named)}`,
      `"${lineOn(String(first.id), 'extend', '--expires 90d')}", unless it is to end`,
    ),
  ]
}

/**
 * Credentials with a key in its grace, and whether that key was used since it was replaced: the first such
 * use is written with the next nonces, and the later ones once a minute.
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
  // Within the second of the rotation, nobody can tell what came first.
  const inUse = found.filter(
    ({ rotated, used }) => used !== null && Number(used) >= Number(rotated),
  )
  const [first] = inUse
  if (first === undefined) {
    return [
      good('rotation', `${inGrace} in grace, and none is known to be used since it was replaced`),
    ]
  }
  const named = inUse.map(
    ({ id, user, ends, used }) =>
      `${id} of ${user}, ${useOf(used, now)}, refused in ${showSpan(Number(ends) - now)}`,
  )
  const still = inUse.length === 1 ? 'one is' : `${inUse.length} are`
  return [
    note(
      'rotation',
      `${inGrace} in grace, and ${still} still in use: ${listed(named)}`,
      `give those clients the new key before; "${lineOn(String(first.id), 'show')}" tells whether it still is`,
    ),
  ]
}

/** What was done last. */
function history(rows: Inspected['rows'], now: number): Finding {
  const [last] = rows(
    `select at, action, credential, (select count(*) from mac_audit) as "all"
      from mac_audit order by number desc limit 1`,
  )
  if (last === undefined) return good('history', 'nothing was done yet')
  const ago = showAgo(new Date(Number(last.at) * 1000), new Date(now * 1000))
  const text = `${last.all} rows, the last ${ago}: ${last.action} ${last.credential}`
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

const MAKE_ONE = 'openssl rand -base64 32 makes one'
/** How many rows are looked at, at a time. */
const PAGE = 1000
/** How many identifiers are named. */
const MOST_NAMED = 5

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
  const more = unopened.length > MOST_NAMED ? ` and ${unopened.length - MOST_NAMED} more` : ''
  return [
    bad(
      'keys',
      `cannot be opened: those of ${unopened.slice(0, MOST_NAMED).join(', ')}${more}; they were changed, or moved from another row`,
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
