import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { openDriver } from '../../setup/raw-database.ts'
import { changed, KEY, URL_SIGNED } from '../../signing/request.ts'
import { type Contender, inWaves } from '../contender.ts'

const FIELD = 'x-api-key'

/**
 * The API keys of better-auth, on a SQLite file. It reads the key, and writes when it was last used. Its
 * rate limit is off.
 */
export async function betterAuthApiKeys(path: string): Promise<Contender<Request>> {
  const database = openDriver(path)
  database.exec('pragma journal_mode = wal')
  // The last writes may be lost in a power cut. They do not protect from replays.
  database.exec('pragma synchronous = normal')
  const options = {
    // biome-ignore lint/suspicious/noExplicitAny: it accepts the databases of both runtimes
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
    name: 'better-auth, API key in a SQLite file, not synced',
    key: 'better-auth',
    inFlight: 1,
    rejectsReplay: false,
    prepare: () => request(key),
    spoil: () => request(changed(key)),
    run: inWaves(1, verify),
    close: () => database.close(),
  }
}
