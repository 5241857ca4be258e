import type { Kysely } from 'kysely'
import type { MacDatabase } from './schema.ts'

/** The steps from each version of the tables to the next. Never changed once released. */
export type Migrations<Step> = readonly (readonly Step[])[]

/**
 * Migrates the tables from a version to the latest, and notes each version in `mac_schema`.
 *
 * @param locked A transaction in which no other process migrates.
 * @param run Runs a step.
 * @throws Error if the tables are newer than this code.
 */
export async function runSteps<Step>(
  locked: Kysely<MacDatabase>,
  version: number,
  migrations: Migrations<Step>,
  run: (step: Step) => Promise<unknown>,
): Promise<void> {
  const latest = migrations.length
  if (version > latest) {
    throw new Error(
      `its tables have version ${version}, and this withmac knows versions up to ${latest}. Install the withmac ` +
        'that wrote them, or a newer one.',
    )
  }
  for (let to = version + 1; to <= latest; to++) {
    for (const step of migrations[to - 1] ?? []) await run(step)
    await locked.insertInto('mac_schema').values({ version: to }).execute()
  }
}
