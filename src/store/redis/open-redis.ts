import type { NonceSource } from '../nonce-source.ts'
import type { NonceEngine, StoreParts } from '../store-parts.ts'
import type { StoreSettings } from '../store-settings.ts'

export async function openRedisNonces(
  _source: NonceSource,
  _parts: StoreParts,
  _settings: Pick<StoreSettings, 'keepSeconds' | 'timeoutSeconds'>,
): Promise<NonceEngine> {
  throw new Error('not built yet')
}
