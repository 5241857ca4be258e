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

/** A credential in the form of its row. */
export interface Row {
  readonly id: string
  readonly key: string
  readonly algorithm: MacAlgorithm
  readonly expires?: number
}

/** A `Mac` in memory that is closed at the end of its scope: `await using mac = await fixedMac(…)`. */
export type FixedMac = Mac & AsyncDisposable

/**
 * Returns a `Mac` whose clock always shows `now`. The rows are written without `createCredential`, which
 * rejects keys that other implementations accept, such as one with a quote.
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

/** The parts of a request that a server shows. */
export interface Shown {
  readonly method?: string
  readonly scheme?: string
  /** `null` for a request without `Host`. Its URL is relative on some runtimes. */
  readonly host: string | null
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly authorization?: string | null
}

/**
 * Returns an object like a `Request`, because the constructor of `Request` would change method and
 * target.
 */
export function shownRequest(shown: Shown): Request {
  const { method = 'GET', scheme = 'http', host, target, authorization = null } = shown
  const headers = new Headers(shown.headers)
  if (host !== null) headers.set('host', host)
  if (authorization !== null) headers.set('authorization', authorization)
  const url = host === null ? target : `${scheme}://${host}${target}`
  return { method, url, headers } as unknown as Request
}

/** Verifies a request, and returns `accepted` or the code of the error. */
export async function outcome(mac: Mac, shown: Shown): Promise<'accepted' | MacErrorCode> {
  const verdict = await mac.verify(shownRequest(shown))
  return verdict.ok ? 'accepted' : verdict.error.code
}
