import { reasonOf } from '../../store/store-failure.ts'
import type { Place } from '../database.ts'
import { withInspected } from '../inspect.ts'
import { runtimeName, sqliteDriver } from '../sqlite.ts'
import { fileFindings } from './database-file.ts'
import { bad, type Finding, good, note } from './finding.ts'

/** Looks at a database from all sides, and changes nothing in it. */
export async function databaseFindings(place: Place): Promise<Finding[]> {
  const driver = await sqliteDriver(place.driver)
  const runtime = good('runtime', `${runtimeName()}, ${driver}, on ${process.platform}`)
  if (place.file === null) return [runtime, note('file', 'none: a database in memory is empty')]
  const findings = [runtime, ...fileFindings(place.file)]
  // Imported when it is needed: it brings Kysely along.
  const { contentFindings } = await import('./database-content.ts')
  try {
    const now = Math.floor(Date.now() / 1000)
    return [...findings, ...(await withInspected(place, (opened) => contentFindings(opened, now)))]
  } catch (error) {
    const text = `it cannot be opened: ${reasonOf(error, place.file)}`
    const advice = 'is it a SQLite database, and yours to read and write? See mode and owner above'
    return [...findings, bad('content', text, advice)]
  }
}
