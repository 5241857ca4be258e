import { createClient } from 'redis'
import { databaseSource } from '../../../src/store/database-url.ts'
import { type NonceSource, nonceSource } from '../../../src/store/nonce-source.ts'
import { openStore } from '../../../src/store/open.ts'
import type { StoreSettings } from '../../../src/store/store-settings.ts'
import type { Recorded, Store } from '../../../src/store/types.ts'
import { temporaryFolder } from '../../support/folder.ts'

/** The server's clock, in seconds. The Redis of the tests has the same. */
export function clock(): number {
  return Math.floor(Date.now() / 1000)
}

/** What records nonces of a credential: a server, or a control without guards. */
export interface Recording {
  /** @returns Whether the nonce is new, or why it is not. */
  record(nonce: string, timestamp?: number): Promise<string>
}

/** A server with its own connections. */
export interface Server extends Recording, AsyncDisposable {
  readonly store: Store
  /** @returns The whole result. */
  full(nonce: string, timestamp?: number): Promise<Recorded>
}

/** A database in a file, which servers share. */
export interface SharedFile extends Disposable {
  readonly path: string
  /** @param nonces The URL or the client of Redis; `null` for the database itself. */
  open(nonces: unknown, settings?: Partial<StoreSettings>): Promise<Server>
}

export function sharedFile(): SharedFile {
  const folder = temporaryFolder()
  const path = folder.path('mac.db')
  return {
    path,
    open: (nonces, settings = {}) =>
      serverOn(path, nonces === null ? null : sourceOf(nonces), settings),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

function sourceOf(nonces: unknown): NonceSource {
  return { ...nonceSource(nonces), keyPrefix: 'withmac' }
}

async function serverOn(
  path: string,
  nonces: NonceSource | null,
  settings: Partial<StoreSettings>,
): Promise<Server> {
  const store = await openStore(databaseSource(`sqlite:${path}`), { nonces, ...settings })
  const full: Server['full'] = (nonce, timestamp = clock()) => {
    const now = clock()
    return store.nonces.record({ timestamp, credential: 'ada', keyNumber: 1, nonce, now })
  }
  return {
    ...{ store, full },
    record: async (nonce, timestamp) => (await full(nonce, timestamp)).verdict,
    [Symbol.asyncDispose]: () => store.close(),
  }
}

/** Sends a command as an administrator. */
export async function ask(url: string, ...command: string[]): Promise<unknown> {
  const client = createClient({ url, disableOfflineQueue: true })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.sendCommand(command)
  } finally {
    client.destroy()
  }
}

/** @returns A number from INFO. */
export async function infoOf(url: string, section: string, name: string): Promise<number> {
  const info = String(await ask(url, 'INFO', section))
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1])
}

/** The obvious way without any guard: one key for each nonce, which expires. It is the control of the guards. */
export function bareSetNx(url: string): Recording {
  return {
    async record(nonce, timestamp = clock()) {
      const key = `bare:${timestamp}:${nonce}`
      const set = await ask(url, 'SET', key, '1', 'NX', 'PXAT', String((timestamp + 600) * 1000))
      return set === 'OK' ? 'new' : 'seen'
    },
  }
}
