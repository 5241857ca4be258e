import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Kysely } from 'kysely'
import { verdictPublisher } from '../src/diagnostics.ts'
import { createMac } from '../src/index.ts'
import { Limits } from '../src/limits/limits.ts'
import { macSettings } from '../src/options.ts'
import { Cleanup } from '../src/server/cleanup.ts'
import { CredentialCache } from '../src/server/credential-cache.ts'
import { Incoming } from '../src/server/incoming.ts'
import { RecentRejections } from '../src/server/recent-rejections.ts'
import { keepSeconds } from '../src/server/validity.ts'
import { countVerdict, verify } from '../src/server/verify.ts'
import { SqliteConnection } from '../src/store/connection.ts'
import { openSqlite } from '../src/store/drivers/choose-driver.ts'
import { inode } from '../src/store/file.ts'
import { MOST_FINGERPRINTS } from '../src/store/fingerprints.ts'
import { guard } from '../src/store/guard.ts'
import { Journal } from '../src/store/journal.ts'
import { LogSync, type Syncing, startLogThread } from '../src/store/log-sync.ts'
import type { MacDatabase } from '../src/store/schema.ts'
import type { KeyPair, NonceStore, Store, StoredCredential } from '../src/store/types.ts'
import { TrafficCounters } from '../src/store/usage/traffic-counters.ts'
import { UsageCounters } from '../src/store/usage/usage-counters.ts'
import type { MacIdentity } from '../src/types.ts'

export { MAC_CHANNELS, type MacBatch } from '../src/diagnostics.ts'
export type { Mac, MacOptions } from '../src/index.ts'
// Everything that the benches use of the library, public and internal.
export { createTokenEndpoint, secretsAreEqual } from '../src/oauth/index.ts'
export { parseAuthorization } from '../src/protocol/authorization.ts'
export { computeMac, prepareKey } from '../src/protocol/hmac.ts'
export { macsAreEqual, requestString } from '../src/protocol/signature.ts'
export { fingerprintOf, newTag, packEntries } from '../src/store/journal-entries.ts'
export { openStore } from '../src/store/open.ts'
export { redisConnection, runScript } from '../src/store/redis/client.ts'
export { RECORD } from '../src/store/redis/script.ts'
export { setOf, shardsOf } from '../src/store/redis/shards.ts'
export type { Nonce, Store } from '../src/store/types.ts'
export { createMac }

/**
 * Returns `createMac` of an earlier version of the library, for options that both versions have.
 *
 * @param before The folder of its checkout, with its packages installed.
 */
export async function createMacOf(before: string): Promise<typeof createMac> {
  const { href } = pathToFileURL(join(before, 'src/index.ts'))
  return ((await import(href)) as { createMac: typeof createMac }).createMac
}

/** A journal in a file, without the rest of the library. */
export interface OpenJournal {
  readonly nonces: NonceStore
  close(): Promise<void>
}

/**
 * Opens the journal in a new file.
 *
 * @param sync `synced` is how the library works. `none` answers after the commit, without the sync.
 */
export async function openJournal(path: string, sync: 'synced' | 'none'): Promise<OpenJournal> {
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.ready()
  await mac.close()
  const handle = await openSqlite(path, 'own')
  handle.exec('pragma journal_mode = wal')
  const file = { path, inode: inode(path) }
  const unsynced: Syncing = {
    mode: 'later',
    took() {},
    waited() {},
    wait: async () => {},
    close: async () => {},
  }
  const nonces = new Journal({
    ...{
      language: 'sqlite' as const,
      nameInErrors: path,
      path,
      label: path,
      keepSeconds: 300,
      guarded: guard(path),
      counters: new UsageCounters(),
    },
    db: new Kysely<MacDatabase>({ dialect: handle.dialect }),
    mostNonces: MOST_FINGERPRINTS,
    connection: new SqliteConnection(handle),
    sync: (onFailedSync) =>
      sync === 'none'
        ? unsynced
        : new LogSync((events) => startLogThread(file, events), onFailedSync),
    inTime: (work) => work,
    check: () => {},
    settled: async () => {},
    timeout: null,
    lookUp: async () => [],
  })
  await nonces.open()
  return {
    nonces,
    async close() {
      await nonces.close()
      handle.close()
    },
  }
}

/**
 * Returns a verifier without a store: the credential is in a Map, and nonces are not recorded, so that a replay
 * is accepted.
 */
export function verifierWithoutStore(
  id: string,
  key: string,
): (request: Request) => Promise<MacIdentity | null> {
  const settings = macSettings({ database: 'sqlite::memory:' }, 'createMac')
  const known = new Map([[id, credential(id, key)]])
  const version = 1
  const store = {
    credentials: {
      lookUpKeys: async (sent: string) => keysOf(known.get(sent)),
      lookUp: async (sent: string) => ({ credential: known.get(sent) ?? null, version }),
    },
    nonces: {
      record: async () => ({ verdict: 'new', version }),
      isKnown: () => false,
      countFailure: () => {},
      prune: async () => 0,
    },
  } as unknown as Store
  const verifier = {
    settings,
    cleanup: new Cleanup(keepSeconds(settings)),
    cache: new CredentialCache(),
    limits: new Limits(settings.rateLimit),
    publisher: verdictPublisher('bench'),
    traffic: new TrafficCounters(),
    rejections: new RecentRejections(),
    store: () => store,
    deadline: () => undefined,
  }
  return async (request) => {
    const incoming = new Incoming(request, NO_DETAILS)
    const verdict = await verify(incoming, settings, verifier)
    countVerdict(verdict, verifier)
    return verdict.ok ? verdict.identity : null
  }
}

const NO_DETAILS = { requestTarget: null, path: null, sent: null, route: null, clientAddress: null }

/** @returns The keys of a credential. The benches never ask for an unknown one. */
function keysOf({ key, algorithm } = credential('', '')): KeyPair {
  const current = { exists: true, macKey: key, algorithm }
  return { current, old: { ...current, exists: false } }
}

function credential(id: string, key: string): StoredCredential {
  return {
    ...{ id, key, user: 'ada', algorithm: 'hmac-sha-256', label: null, created: 0 },
    ...{ expires: null, revoked: null, disabled: null, clockOffset: null, scopes: [] },
    ...{ rateLimit: null, keyNumber: 1, rotated: null, oldKey: null, removeAt: null },
  }
}
