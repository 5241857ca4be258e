import { showAgo, showSpan } from '../moments.ts'
import { type Finding, good, note } from './finding.ts'
import type { Inspected } from './inspect.ts'

const WEEK = 7 * 86_400
/** At most this many credentials are named in one finding. */
const NAMED = 3
/** The first schema version in which a credential can be disabled and rotated. */
const LIFE = 4

/** Checks the credentials: their status, which expire soon, and whose old key is still in use. */
export async function credentialFindings(
  { rows }: Inspected,
  version: number,
  now: number,
): Promise<Finding[]> {
  if (version < LIFE) return [await statusCounts(rows, 'null', now)]
  return [
    await statusCounts(rows, 'disabled', now),
    ...(await ending(rows, now)),
    ...(await oldKeys(rows, now)),
    await history(rows, now),
  ]
}

async function statusCounts(
  rows: Inspected['rows'],
  disabled: string,
  now: number,
): Promise<Finding> {
  const [counts] = await rows(
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
  return note('credentials', `${text}: nobody can sign requests`, 'create one: ', {
    command: 'create',
    options: 'USER',
  })
}

/** Credentials that expire within a week. Not those whose whole lifetime is at most a week. */
async function ending(rows: Inspected['rows'], now: number): Promise<Finding[]> {
  const found = await rows(
    `select id, "user", expires,
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
    note('expiry', `${ends} within a week: ${listed(named)}`, 'to keep it: ', {
      command: 'extend',
      id: String(first.id),
      options: '--expires 90d',
    }),
  ]
}

/**
 * Credentials whose old key is in its grace, and whether that key was used after it was replaced. A server
 * stores the first such use with the next nonces, and later ones once a minute.
 */
async function oldKeys(rows: Inspected['rows'], now: number): Promise<Finding[]> {
  const found = await rows(
    `select * from (select id, "user", rotated,
          case when expires < old_until then expires else old_until end as ends,
          (select used from mac_usage
            where credential = c.id and mac_usage.key_number = c.key_number - 1) as used
        from mac_credentials c where revoked is null and disabled is null) as old
      where ends > ? order by ends`,
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
      'give these clients the new key before then; to check again: ',
      { command: 'show', id: String(first.id) },
    ),
  ]
}

/** The latest change to a credential. */
async function history(rows: Inspected['rows'], now: number): Promise<Finding> {
  const [last] = await rows(
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
