import type { DatabaseSource } from '../store/database-url.ts'
import { type Inspected, inspectedKysely, withInspected } from './inspect.ts'

/** Opens any database without a migration, runs `work`, and closes what it opened. */
export async function inspect<Result>(
  source: DatabaseSource,
  work: (inspected: Inspected) => Promise<Result>,
): Promise<Result> {
  if ('path' in source) return withInspected(source, work)
  if ('kysely' in source && source.language === 'sqlite')
    return work(inspectedKysely(source.kysely))
  const { withPostgres } = await import('./inspect-postgres.ts')
  return withPostgres(source, ({ inspected }) => work(inspected))
}

/** Whether a PostgreSQL has the tables of withmac. */
export function tablesExist(source: DatabaseSource): Promise<boolean> {
  return inspect(source, async ({ value }) => {
    return (await value("select to_regclass('mac_schema') is not null")) === true
  })
}
