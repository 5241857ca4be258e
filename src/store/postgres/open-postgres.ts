import type { KyselySource, PoolSource, PostgresUrl } from '../database-url.ts'
import type { EngineDatabase } from '../store-parts.ts'
import type { StoreSettings } from '../store-settings.ts'

export async function openPostgres(
  _source: PostgresUrl | PoolSource | KyselySource,
  _settings: Pick<
    StoreSettings,
    'keepSeconds' | 'timeoutSeconds' | 'connections' | 'preparedStatements'
  >,
): Promise<EngineDatabase> {
  throw new Error('not built yet')
}
