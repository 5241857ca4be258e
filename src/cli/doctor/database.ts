import type { Place } from '../database.ts'
import { withInspected } from '../inspect.ts'
import { runtimeName, sqliteDriver } from '../sqlite.ts'
import { fileFindings } from './database-file.ts'
import { bad, type Finding, good } from './finding.ts'

/** Looks at a database from all sides, and changes nothing in it. */
export async function databaseFindings(place: Place): Promise<Finding[]> {
  const driver = await sqliteDriver(place.driver)
  const findings = [
    good('runtime', `${runtimeName()}, ${driver}, on ${process.platform}`),
    ...fileFindings(place.path),
  ]
  // Imported when it is needed: it brings Kysely along.
  const { contentFindings } = await import('./database-content.ts')
  try {
    const now = Math.floor(Date.now() / 1000)
    return [...findings, ...(await withInspected(place, (opened) => contentFindings(opened, now)))]
  } catch (error) {
    const text = `it cannot be opened: ${(error as Error).message}`
    const advice = 'is it a SQLite database, and yours to read and write? See mode and owner above'
    return [...findings, bad('content', text, advice)]
  }
}
