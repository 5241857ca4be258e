import type { Row } from '../schema.ts'

/** The earliest version with all that the statements need. */
const EARLIEST_VERSION = 13

/** The query for what {@link checkServer} checks. */
export const SERVER =
  "select pg_is_in_recovery()::int as standby, current_setting('server_version_num')::int as version"

/**
 * @throws Error if the server is a standby, on which a revocation may not have arrived yet, or is too old.
 */
export function checkServer([row]: readonly Row[]): void {
  refuseStandby(row)
  const version = Math.floor(Number(row?.version) / 10_000)
  if (version >= EARLIEST_VERSION) return
  throw new Error(`it is PostgreSQL ${version}, and withmac needs ${EARLIEST_VERSION} or later.`)
}

/** @throws Error if the column `standby` of a row is not 0. Without a row, nothing was found out. */
export function refuseStandby(row: Row | undefined): void {
  if (row === undefined || Number(row.standby ?? 1) === 0) return
  throw new Error(
    'it is a standby, where a revoked credential may still be valid. Give withmac the address of the primary.',
  )
}
