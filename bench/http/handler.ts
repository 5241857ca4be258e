import { join } from 'node:path'
import { ID, KEY } from '../signing/request.ts'
import { createMac } from '../withmac.ts'
import { BODY, durabilityOf, type ServerSettings, WINDOW_SECONDS } from './kinds.ts'

/** A Fetch handler. */
export type FetchHandler = (request: Request) => Response | Promise<Response>

/** The handler itself, and with withmac before it. */
export async function handlerOf({ kind, folder }: ServerSettings): Promise<FetchHandler> {
  const plain = () => new Response(BODY)
  if (kind === 'plain') return plain
  const durability = durabilityOf(kind)
  const place =
    durability === null
      ? { database: 'sqlite::memory:' }
      : { database: `sqlite:${join(folder, 'mac.db')}`, durability }
  const mac = createMac({ ...place, windowSeconds: WINDOW_SECONDS })
  await mac.createCredential('ada', { id: ID, key: KEY })
  return mac.withMac(plain)
}
