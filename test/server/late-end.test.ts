import { sql } from 'kysely'
import { createMac } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { openDatabase } from '../support/sqlite.ts'
import { withDatabase } from '../support/with-database.ts'

const URL = 'http://example.com/a'

test('rejects a request if the grace or the credential ends while it waits for the store', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const clock = new Clock()
  const mac = createMac({ database: `sqlite:${path}`, now: clock.now, onReject: () => {} })
  const app = mac.withMac(() => new Response())
  const old = await mac.createCredential('ada', { expires: clock.seconds + 20 })
  const fresh = await mac.rotateCredential(old.id, { graceSeconds: 10 })
  for (const [key, answer] of [
    [old, '401 ERR_MAC_REJECTED'],
    [fresh, '401 ERR_MAC_EXPIRED'],
  ] as const) {
    expect(await outcome(app(signed(key, URL, { ts: clock.seconds })))).toBe('200')
    const other = openDatabase(path)
    other.exec('begin immediate')
    const waiting = outcome(app(signed(key, URL, { ts: clock.seconds })))
    await new Promise((resolve) => setTimeout(resolve, 50))
    clock.seconds += 10
    other.exec('commit')
    other.close()
    expect(await waiting).toBe(answer)
  }
  await mac.close()
})

test.each([['key'], ['expires'], ['old_until'], ['revoked'], ['disabled']])(
  'if the column %s was renamed by hand, no request is accepted, whatever its MAC',
  async (column) => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const before = createMac({ database: `sqlite:${path}` })
    const ada = await before.createCredential('ada')
    const fresh = await before.rotateCredential(ada.id)
    await before.close()
    await withDatabase(path, async (db) => {
      await sql`drop index mac_credentials_old_until`.execute(db)
      await sql`alter table mac_credentials rename column ${sql.ref(column)} to other`.execute(db)
    })
    const mac = createMac({ database: `sqlite:${path}`, onReject: () => {} })
    const app = mac.withMac(() => new Response())
    for (const key of [ada, fresh, { ...ada, key: 'undefined' }, { ...ada, key: '' }]) {
      expect((await app(signed(key, URL))).status).not.toBe(200)
    }
    await mac.close().catch(() => {})
  },
)
