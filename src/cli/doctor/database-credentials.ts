import { pasted } from '../called-as.ts'
import type { Inspected } from '../inspect.ts'
import { lineOn } from '../quote.ts'
import { showAgo, showSpan } from '../terminal/moments.ts'
import { type Finding, good, note } from './finding.ts'

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
