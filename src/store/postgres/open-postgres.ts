import type { CompiledQuery } from 'kysely'
import { KyselyConnection } from '../connection.ts'
import {
  databaseLabel,
  type KyselySource,
  type PoolSource,
  type PostgresUrl,
} from '../database-url.ts'
import { inTime } from '../guard.ts'
import type { Row } from '../schema.ts'
import { SQL } from '../sql-language.ts'
import type { EngineDatabase } from '../store-parts.ts'
import type { StoreSettings } from '../store-settings.ts'
import { connectPostgres, type PostgresConnection } from './connect.ts'
import { migratePostgres } from './migrations.ts'
import { checkServer, refuseStandby, SERVER } from './server-check.ts'

type Settings = Pick<
  StoreSettings,
  'keepSeconds' | 'timeoutSeconds' | 'connections' | 'preparedStatements'
>

/**
 * Opens a PostgreSQL by its URL, or through the caller's pool or Kysely. The server is asked for the first time
 * when the tables are migrated.
 *
 * @throws TypeError if the package pg is needed and not installed.
 */
export async function openPostgres(
  source: PostgresUrl | PoolSource | KyselySource,
  settings: Settings,
): Promise<EngineDatabase> {
  const label = databaseLabel(source)
  const nameInErrors = 'url' in source ? `The database ${label}` : 'The database'
  const connection = await connectPostgres(source, settings)
  const { db, close } = connection
  return {
    ...{ language: 'postgres', nameInErrors, label, path: null, db, close, sync: null },
    connection: new KyselyConnection(db, SQL.postgres.transaction),
    timeout: settings.timeoutSeconds * 1000,
    lookUp: (name, query) => lookUp(connection, name, query),
    inTime: (work) => inTime(work, nameInErrors),
    watch() {},
    async migrate() {
      checkServer(await connection.run('credentials', { name: 'mac_server', text: SERVER }, []))
      await migratePostgres(db)
    },
    async openNonces(parts) {
      const { openPostgresNonces } = await import('./nonces.ts')
      return openPostgresNonces(connection, parts, settings)
    },
  }
}

/** Looks up a credential. A standby must not answer, and the server may have become one. */
function lookUp(
  connection: PostgresConnection,
  name: string,
  { sql: text, parameters }: CompiledQuery,
): Promise<readonly Row[]> {
  const check = ([row]: readonly Row[]) => refuseStandby(row)
  return connection.run('credentials', { name, text, check }, parameters)
}
