import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { changed, KEY, URL_SIGNED } from '../../signing/request.ts'
import type { Durability } from '../../withmac.ts'
import { type Contender, inWaves } from '../contender.ts'

const FIELD = 'x-api-key'

/**
 * The API keys of better-auth, on a SQLite file. It looks the key up and writes when it was last
 * used; its limit of requests is off.
 */
export async function betterAuthApiKeys(
  path: string,
  durability: Durability,
): Promise<Contender<Request>> {
  const database = openDatabase(path)
  database.exec('pragma journal_mode = wal')
  database.exec(`pragma synchronous = ${durability}`)
  const options = {
    // biome-ignore lint/suspicious/noExplicitAny: it takes the databases of both runtimes
    database: database as any,
    secret: KEY,
    baseURL: new URL(URL_SIGNED).origin,
    logger: { disabled: true },
    telemetry: { enabled: false },
    emailAndPassword: { enabled: true },
    plugins: [apiKey({ rateLimit: { enabled: false } })],
  }
  await (await getMigrations(options)).runMigrations()
  const { api } = betterAuth(options)
  const account = { email: 'ada@example.com', password: KEY, name: 'ada' }
  const { user } = await api.signUpEmail({ body: account })
  const { key } = await api.createApiKey({ body: { userId: user.id } })
  const verify = async (request: Request) => {
    const sent = request.headers.get(FIELD)
    return sent !== null && (await api.verifyApiKey({ body: { key: sent } })).valid
  }
  const request = (sent: string) => new Request(URL_SIGNED, { headers: { [FIELD]: sent } })
  return {
    name: `better-auth, API key in a SQLite file, ${durability}`,
    key: 'better-auth',
    inFlight: 1,
    refusesReplay: false,
    prepare: () => request(key),
    spoil: () => request(changed(key)),
    run: inWaves(1, verify),
    close: () => database.close(),
  }
}

interface RawDatabase {
  exec(sql: string): void
  close(): void
}

function openDatabase(path: string): RawDatabase {
  if (process.versions.bun === undefined) {
    return new (process.getBuiltinModule('node:sqlite').DatabaseSync)(path)
  }
  const module = process.getBuiltinModule('bun:sqlite' as 'sqlite') as unknown
  return new (module as typeof import('bun:sqlite')).Database(path)
}
