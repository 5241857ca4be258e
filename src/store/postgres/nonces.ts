import type { NonceEngine, StoreParts } from '../store-parts.ts'
import type { StoreSettings } from '../store-settings.ts'
import type { PostgresConnection } from './connect.ts'

/** A placeholder until nonces are built. */
export async function openPostgresNonces(
  _connection: PostgresConnection,
  _parts: StoreParts,
  _settings: Pick<StoreSettings, 'keepSeconds' | 'timeoutSeconds'>,
): Promise<NonceEngine> {
  throw new Error('not built yet')
}
