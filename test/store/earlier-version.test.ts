import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMac, type Mac } from '../../src/index.ts'
import { SCHEMA_VERSION, TRIGGER_NAMES } from '../../src/store/migrations.ts'
import { databaseContent } from '../support/database-content.ts'
import { temporaryFolder } from '../support/folder.ts'
import { OPENED, openAtOnce } from '../support/open-at-once.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type Signing, signed } from '../support/sign.ts'
import { CONTENT, DELETED, MADE, type Made, OPTIONS, URL_SIGNED } from './earlier/content.ts'

const ALL: readonly Made[] = Object.values(CONTENT)
const { valid, endless, sha1, odd, behind, expired, revoked } = CONTENT
const GOOD: readonly Made[] = [valid, endless, sha1, odd, behind]

/** Copies a file of an earlier version, and starts a server on it, with the clock of that time. */
async function opened(version: number) {
  const folder = temporaryFolder()
  const path = folder.path('mac.db')
  copyFileSync(join(import.meta.dirname, `earlier/version-${version}.db`), path)
  let mac: Mac | null = null
  return {
    path,
    get mac() {
      mac ??= createMac({ ...OPTIONS, database: `sqlite:${path}`, now: () => MADE, onReject() {} })
      return mac
    },
    /** Sends a request of a credential's client, whose clock may be behind. */
    send(made: Made, signing: Signing = {}) {
      const request = signed(made.key, URL_SIGNED, { ts: MADE - made.behind, ...signing })
      return outcome(this.mac.withMac(() => new Response())(request))
    },
    async [Symbol.asyncDispose]() {
      await mac?.close()
      folder[Symbol.dispose]()
    },
  }
}

/** Returns the schema of a new file. */
async function currentSchema() {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.ready()
  await mac.close()
  return databaseContent(path).schema
}

describe.each([[1], [2], [3], [5]])('a database with tables of version %d', (version) => {
  test('has that version before it is opened', async () => {
    await using file = await opened(version)
    const { rows, integrity } = databaseContent(file.path)
    expect(rows.mac_schema).toEqual(Array.from({ length: version }, (_, at) => [at + 1]))
    expect(rows.mac_credentials).toHaveLength(ALL.length)
    expect(integrity).toBe('ok')
  })

  test('has exactly the schema of a new database, once it was opened', async () => {
    await using file = await opened(version)
    await file.mac.ready()
    await file.mac.close()
    const { schema, rows, integrity } = databaseContent(file.path)
    expect(schema).toEqual(await currentSchema())
    const triggers = schema.filter(([type]) => type === 'trigger').map(([, name]) => name)
    expect(triggers).toEqual([...TRIGGER_NAMES].sort())
    expect(rows.mac_schema).toHaveLength(SCHEMA_VERSION)
    expect(integrity).toBe('ok')
  })

  test('keeps every credential as it was', async () => {
    await using file = await opened(version)
    for (const made of ALL) {
      expect(await file.mac.getCredential(made.key.id)).toMatchObject({
        ...{ id: made.key.id, user: made.user, label: made.label, algorithm: made.key.algorithm },
        created: new Date((MADE - 1000) * 1000),
        expires: made.expires === null ? null : new Date(made.expires * 1000),
        revoked: made === revoked ? new Date(MADE * 1000) : null,
        clockOffsetSeconds: made.behind,
        ...{ disabled: null, scopes: [], rateLimit: null, keyNumber: 1, rotated: null },
        ...{ oldKey: null, failures: 0 },
        // Versions before 4 did not keep when a credential was used, and had no history.
        lastUsed: version < 4 ? null : new Date(MADE * 1000),
      })
    }
    expect(await file.mac.listCredentials()).toHaveLength(ALL.length)
  })

  test('accepts the same credentials as before, and no others', async () => {
    await using file = await opened(version)
    for (const made of GOOD) {
      expect(await file.send(made, { nonce: 'new' })).toBe('200')
      expect(await file.send({ ...made, key: { ...made.key, key: 'another' } })).toBe(
        '401 ERR_MAC_REJECTED',
      )
    }
    for (const made of [revoked, DELETED]) {
      expect(await file.send(made)).toBe('401 ERR_MAC_REJECTED')
    }
    expect(await file.send(expired, { nonce: 'new' })).toBe('200')
    const later = createMac({
      database: `sqlite:${file.path}`,
      now: () => MADE + 10,
      onReject() {},
    })
    const request = signed(expired.key, URL_SIGNED, { ts: MADE + 10 })
    expect(await outcome(later.withMac(() => new Response())(request))).toBe('401 ERR_MAC_EXPIRED')
    await later.close()
  })

  test('rejects nonces that were used before, and timestamps below the floor of that time', async () => {
    await using file = await opened(version)
    for (const made of [...GOOD, expired]) {
      for (const nonce of made.nonces) {
        expect(await file.send(made, { nonce })).toBe('401 ERR_MAC_REPLAY')
      }
    }
    const { user, key } = DELETED
    await file.mac.createCredential(user, key)
    for (const nonce of DELETED.nonces) {
      expect(await file.send(DELETED, { nonce })).toBe('401 ERR_MAC_REPLAY')
    }
    const { rows } = databaseContent(file.path)
    expect(rows.mac_state).toContainEqual(['nonce_floor', MADE - 999])
  })

  test('supports all changes of credentials', async () => {
    await using file = await opened(version)
    const { id } = valid.key
    const { key } = await file.mac.rotateCredential(id)
    expect(await file.send(valid)).toBe('200')
    expect(await file.send({ ...valid, key: { ...valid.key, key } })).toBe('200')
    await file.mac.disableCredential(id)
    expect(await file.send(valid)).toBe('401 ERR_MAC_REJECTED')
    await file.mac.enableCredential(id)
    await file.mac.updateCredential(id, { scopes: ['orders:read'], label: 'desk' })
    expect(await file.send(valid)).toBe('200')
    await file.mac.revokeCredential(id)
    expect(await file.send(valid)).toBe('401 ERR_MAC_REJECTED')
    await file.mac.deleteCredential(id)
    const history = await file.mac.credentialHistory({ id })
    expect(history.map(({ action }) => action).join(' ')).toBe(
      version < 4
        ? 'deleted revoked changed enabled disabled rotated'
        : 'deleted revoked changed enabled disabled rotated created',
    )
    expect(history.map(({ actor }) => actor)).toEqual(history.map(() => null))
  })

  test('can be migrated by two processes at once', async () => {
    await using file = await opened(version)
    expect(await openAtOnce(file.path, 2)).toEqual([OPENED, OPENED])
    expect(databaseContent(file.path).schema).toEqual(await currentSchema())
    expect(await file.mac.listCredentials()).toHaveLength(ALL.length)
  })
})
