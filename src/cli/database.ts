import type { Credential } from '../credentials/credential.ts'
import type { Mac } from '../mac.ts'
import { showMoment } from '../moments.ts'
import type { DriverChoice } from '../store/drivers/choose-driver.ts'
import type { Store } from '../store/types.ts'
import { EXIT, Failure, noCredential } from './failure.ts'
import { pasted } from './help.ts'
import { operator } from './operator.ts'
import { fileExists, isInMemory, type Place, type PlaceOptions, placeOf } from './place.ts'
import type { Terminal } from './terminal/terminal.ts'

/** A {@link Place} at which a command has looked. */
export interface FoundPlace extends Place {
  /**
   * Whether the file exists already, or the tables of withmac in PostgreSQL; `false` in memory.
   */
  readonly existed: boolean
}

/** How long a command waits for PostgreSQL and Redis, in seconds. */
const PATIENCE_SECONDS = 10
/** How many connections a command opens to PostgreSQL at most: one for nonces, and one for everything else. */
const FEW_CONNECTIONS = 2

/**
 * Looks at the place of the options: see {@link placeOf}.
 * @throws Failure if this cannot be found out: a package is missing, PostgreSQL does not answer, or this user may not
 *   see whether the file exists.
 */
export async function findPlace(options: PlaceOptions): Promise<FoundPlace> {
  const place = placeOf(options)
  const { file, source } = place
  if (file !== null) return { ...place, existed: fileExists(file) }
  if (isInMemory(place)) return { ...place, existed: false }
  await demandEngine(place, false)
  const { tablesExist } = await import('../doctor/inspect-any.ts')
  return { ...place, existed: await read(place, () => tablesExist(source)) }
}

/** Reads the database as it is. A failure says which database it is. */
export async function read<Result>(
  { path, file }: Place,
  work: () => Promise<Result>,
): Promise<Result> {
  const { errorConverter } = await import('../store/store-failure.ts')
  return work().catch((error) => {
    throw errorConverter(`The database ${path}`, file)(error)
  })
}

/**
 * Like {@link findPlace}, but the database must exist: to create an empty one would only hide a wrong path or URL.
 * @throws Failure
 */
export async function existingPlace(options: PlaceOptions): Promise<FoundPlace> {
  const place = await findPlace(options)
  if (!place.existed && !isInMemory(place)) throw missing(place)
  return place
}

/**
 * Checks that the servers on a database keep nonces where this command would look for them. A server switches when it
 * is started with another option; a command must not, because all servers would then reject every request.
 *
 * @throws Failure if they keep them elsewhere.
 */
export async function checkNonces(place: FoundPlace): Promise<void> {
  const { path, source, nonces, existed } = place
  if (!existed) return
  const { inspect } = await import('../doctor/inspect-any.ts')
  const { noncesPlace } = await import('../doctor/inspect.ts')
  const kept = await read(place, () => inspect(source, noncesPlace))
  if (kept === 'redis' && nonces === null) {
    const said = `the servers on ${path} keep nonces in Redis: give its URL as they have it, by --nonces or MAC_NONCES_URL.`
    throw new Failure(EXIT.store, 'ERR_CLI_NONCES', said)
  }
  if (kept === 'database' && nonces !== null) {
    const said = `the servers on ${path} keep nonces in the database: leave out --nonces and MAC_NONCES_URL. To keep them in Redis, start the servers with the option nonces; a command does not switch.`
    throw new Failure(EXIT.store, 'ERR_CLI_NONCES', said)
  }
}

/** Returns the error for a database that does not exist. */
function missing({ path, file }: Place): Failure {
  const what =
    file === null ? `the tables of withmac are missing in ${path}` : `there is no database ${path}`
  return new Failure(
    EXIT.store,
    'ERR_CLI_NO_DATABASE',
    `${what}. To create ${file === null ? 'them' : 'it'}: "${pasted('init')}". To use another one: --database or MAC_DATABASE_URL.`,
  )
}

/** Prints a note if the database is in memory: nothing is kept. */
export function warnOfMemory(place: Place, terminal: Terminal): void {
  if (!isInMemory(place)) return
  const { yellow } = terminal.errorColors
  terminal.note(
    `${yellow('note:')} the database is in memory: it starts empty and is lost when this command ends`,
  )
}

/**
 * Opens the database as a `Mac`, runs `work`, and closes it.
 *
 * @param work Gets methods whose changes name the operator in the history, and the `Mac` itself, which names
 *   nobody.
 * @param withNonces Whether `work` needs nonces. Then {@link checkNonces} must come first. Otherwise they are not
 *   opened: the command works without Redis, and cannot change where servers keep nonces.
 */
export async function withMacOf<Result>(
  place: Place,
  work: (acting: Mac, mac: Mac) => Promise<Result>,
  withNonces = false,
): Promise<Result> {
  await demandEngine(place, withNonces)
  const { source, url, nonces } = place
  // Loaded lazily: commands that need no database start without it.
  const { makeMac, partsOf } = await import('../create-mac.ts')
  const options = {
    database: 'path' in source ? url : source.url,
    nonces: nonces?.url ?? undefined,
    nonceKeyPrefix: nonces?.keyPrefix,
    storeTimeoutSeconds: PATIENCE_SECONDS,
    connections: FEW_CONNECTIONS,
  }
  const mac = makeMac(options, 'withmac', { onlyCredentials: !withNonces })
  try {
    await mac.ready()
    return await work({ ...mac, ...partsOf(mac).actingAs(operator()) }, mac)
  } finally {
    await mac.close()
  }
}

/** Opens the store of the database, runs `work`, and closes it: see {@link withMacOf}. */
export async function withStoreOf<Result>(
  place: Place,
  work: (store: Store) => Promise<Result>,
  withNonces = false,
): Promise<Result> {
  await demandEngine(place, withNonces)
  const { openStore } = await import('../store/open.ts')
  const { environmentSealer } = await import('../store/sealing/sealing-source.ts')
  const store = await openStore(place.source, {
    sealer: environmentSealer(),
    nonces: place.nonces,
    timeoutSeconds: PATIENCE_SECONDS,
    connections: FEW_CONNECTIONS,
    onlyCredentials: !withNonces,
  })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/**
 * Checks that the packages for the database are installed, and if needed that for the nonces.
 * @throws Failure if one is missing. It says what to install.
 */
export async function demandEngine({ source, nonces }: Place, withNonces: boolean): Promise<void> {
  if ('path' in source) await demandSqlite(source.driver)
  else await demandPackage('pg', 'PostgreSQL')
  if (withNonces && nonces !== null) await demandPackage('redis', 'Redis')
}

async function demandPackage(name: string, needs: string): Promise<void> {
  const { optionalPackage } = await import('../optional-package.ts')
  try {
    await optionalPackage(name, needs)
  } catch (error) {
    const isMissing = error instanceof TypeError && error.message.startsWith('withmac: ')
    if (!isMissing) throw error
    const install = `npm install ${name} (with Bun: bun add ${name}; with Deno: deno add npm:${name})`
    throw new Failure(
      EXIT.store,
      'ERR_CLI_NO_PACKAGE',
      `${needs} needs the package ${name}, which is not installed. In the folder where withmac is installed, run: ${install}`,
      { cause: error },
    )
  }
}

/**
 * Checks that this runtime has a SQLite driver for the database.
 * @throws Failure if it has none. It says what to install, or how to run withmac instead.
 */
async function demandSqlite(choice: DriverChoice): Promise<void> {
  // Loaded lazily, because it imports Kysely.
  const { runtimeName, sqliteDriver } = await import('../doctor/inspect.ts')
  if ((await sqliteDriver(choice)) !== null) return
  const { bun, deno } = process.versions
  if (bun !== undefined || deno !== undefined) {
    const own =
      choice === 'own' ? 'run "deno upgrade" (2.2 and later have it)' : 'use sqlite: in the URL'
    const lacks = choice === 'own' ? 'has no node:sqlite' : 'cannot run better-sqlite3'
    throw new Failure(EXIT.store, 'ERR_CLI_NO_SQLITE', `${runtimeName()} ${lacks}: ${own}.`)
  }
  const lacks =
    choice === 'own'
      ? `${runtimeName()} has no SQLite of its own (22.13 and later have it)`
      : `better-sqlite3 is not installed next to withmac`
  throw new Failure(
    EXIT.store,
    'ERR_CLI_NO_SQLITE',
    `${lacks}. In the folder where withmac is installed, run: npm install better-sqlite3@11. ` +
      'Or use Bun, which has SQLite: bunx --no-install --bun withmac …',
  )
}

/**
 * Returns the credential with this identifier.
 * @throws Failure if there is none.
 */
export async function found(mac: Mac, id: string, { path }: Place): Promise<Credential> {
  const credential = await mac.getCredential(id)
  if (credential !== null) return credential
  throw noCredential(id, path)
}

/**
 * Like {@link found}, but the credential must not be revoked.
 * @throws Failure if there is none, or if it was revoked.
 */
export async function foundUnrevoked(mac: Mac, id: string, place: Place): Promise<Credential> {
  const credential = await found(mac, id, place)
  const { revoked } = credential
  if (revoked === null) return credential
  throw new Failure(
    EXIT.no,
    'ERR_MAC_CREDENTIAL_ENDED',
    `${id} was revoked ${showMoment(revoked)}, which cannot be undone. To create a new one: "${pasted('create USER')}".`,
  )
}
