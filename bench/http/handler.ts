import { join } from 'node:path'
import { ID, KEY } from '../signing/request.ts'
import { createMac, createMacOf } from '../withmac.ts'
import { BODY, type ServerSettings, WINDOW_SECONDS } from './kinds.ts'

/** A Fetch handler. */
export type FetchHandler = (request: Request) => Response | Promise<Response>

/** @returns The plain handler, or the handler with withmac before it. */
export async function handlerOf({ kind, folder, before }: ServerSettings): Promise<FetchHandler> {
  const plain = () => new Response(BODY)
  if (kind === 'plain') return plain
  const database = kind === 'memory' ? 'sqlite::memory:' : `sqlite:${join(folder, 'mac.db')}`
  const create = kind === 'before' && before !== null ? await createMacOf(before) : createMac
  const mac = create({ database, windowSeconds: WINDOW_SECONDS })
  await mac.createCredential('ada', { id: ID, key: KEY })
  return mac.withMac(plain)
}
