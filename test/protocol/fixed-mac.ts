import { Kysely } from 'kysely'
import {
  createMac,
  type Mac,
  type MacAlgorithm,
  type MacErrorCode,
  type MacOptions,
} from '../../src/index.ts'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import type { MacDatabase } from '../../src/store/schema.ts'

/** A credential as it stands in the table. */
export interface Row {
  readonly id: string
  readonly key: string
  readonly algorithm: MacAlgorithm
  readonly expires?: number
}

/** A complete `Mac` in memory, and its end: `await using mac = await fixedMac(…)`. */
export type FixedMac = Mac & AsyncDisposable

/**
 * A `Mac` whose clock stands still. The rows are written past `createCredential`, which refuses
 * keys that other implementations do take, such as one with a quote in it.
 */
export async function fixedMac(
  now: number,
  rows: readonly Row[],
  options: Omit<MacOptions, 'database' | 'now'> = {},
): Promise<FixedMac> {
  const { dialect } = await openSqlite(':memory:', 'own')
  const db = new Kysely<MacDatabase>({ dialect })
  const mac = createMac({ ...options, database: db, now: () => now })
  await mac.ready()
  for (const { id, key, algorithm, expires = null } of rows) {
    const rest = { user: 'ada', label: null, created: 0, revoked: null, clock_offset: null }
    await db
      .insertInto('mac_credentials')
      .values({ id, key, algorithm, expires, ...rest })
      .execute()
  }
  const end = async () => {
    await mac.close()
    await db.destroy()
  }
  return { ...mac, [Symbol.asyncDispose]: end }
}

/** What a server shows of a request. */
export interface Shown {
  readonly method?: string
  readonly scheme?: string
  /** `null` for a request without `Host`, whose URL some runtimes make relative. */
  readonly host: string | null
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly authorization?: string | null
}

/** Stands in for a `Request`, whose constructor would rewrite the method and the target. */
export function shownRequest(shown: Shown): Request {
  const { method = 'GET', scheme = 'http', host, target, authorization = null } = shown
  const headers = new Headers(shown.headers)
  if (host !== null) headers.set('host', host)
  if (authorization !== null) headers.set('authorization', authorization)
  const url = host === null ? target : `${scheme}://${host}${target}`
  return { method, url, headers } as unknown as Request
}

/** What a verification comes to, in a word. */
export async function outcome(mac: Mac, shown: Shown): Promise<'accepted' | MacErrorCode> {
  const verdict = await mac.verify(shownRequest(shown))
  return verdict.ok ? 'accepted' : verdict.error.code
}
