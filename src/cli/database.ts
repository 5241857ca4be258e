import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Mac } from '../mac.ts'
import { type DatabaseUrl, parseDatabaseUrl } from '../store/database-source.ts'
import { pasted } from './called-as.ts'
import { EXIT } from './exit-status.ts'
import { Failure, misuse } from './failure.ts'
import { demandSqlite } from './sqlite.ts'

/** The database that a command works with. */
export interface Place {
  readonly url: string
  /** The file's absolute path. */
  readonly path: string
  readonly driver: DatabaseUrl['driver']
  /** Whether the file was there. */
  readonly existed: boolean
}

const DEFAULT = 'sqlite:mac.db'

/**
 * The database that `--database` names, else `MAC_DATABASE_URL`, else `mac.db` in this folder.
 * @throws Failure where that is no file.
 */
export function findPlace(option: string | undefined): Place {
  const variable = process.env.MAC_DATABASE_URL
  const [url, from] =
    option !== undefined
      ? [option, '--database']
      : variable
        ? [variable, 'MAC_DATABASE_URL']
        : [DEFAULT, '']
  const { path, driver } = read(url, from)
  if (path === null) {
    throw misuse(
      `${from}: a database in memory would end with this command: name a file, sqlite:mac.db.`,
    )
  }
  const absolute = resolve(path)
  return { url, path: absolute, driver, existed: existsSync(absolute) }
}

/** The same, where the file must be there: a new and empty one would only hide the mistake. */
export function existingPlace(option: string | undefined): Place {
  const place = findPlace(option)
  if (place.existed) return place
  throw new Failure(
    EXIT.store,
    `there is no database ${place.path}. "${pasted('init')}" makes one; --database or MAC_DATABASE_URL names another.`,
  )
}

/** Does something with the database, and closes it. */
export async function withMacOf<Result>(
  place: Place,
  work: (mac: Mac) => Promise<Result>,
): Promise<Result> {
  await demandSqlite(place.driver)
  // Imported when it is needed: commands that need no database start without it.
  const { createMac } = await import('../create-mac.ts')
  const mac = createMac({ database: place.url })
  try {
    await mac.ready()
    return await work(mac)
  } finally {
    await mac.close()
  }
}

function read(url: string, from: string): DatabaseUrl {
  try {
    return parseDatabaseUrl(url)
  } catch (cause) {
    throw misuse(`${from}: ${(cause as Error).message}`)
  }
}
