import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { copyWith, type Mistake } from '../../mistaken-code.ts'
import { compiledEntry, roll, upgrade } from '../both/versions.ts'
import { anyVersion } from '../controls/mistakes.ts'
import { type Fault, hasFailures } from '../fault.ts'
import { Cluster } from './cluster.ts'

/** Servers are restarted with another build of the library, one after the other, and back. */
export const rollingRestart: Fault<Cluster> = {
  name: 'rolling restart, sources and compiled build',
  loses: false,
  async start() {
    await compiledEntry()
    return Cluster.start()
  },
  run: async ({ world }) => roll(world, await compiledEntry()),
  felt: (tally) => tally.accepted > 0,
  controls: [],
}

const END = ']\n\n/** The version of the tables in PostgreSQL that'

/** One more migration. */
export const NEWER_TABLES: Mistake = {
  name: 'newer tables',
  file: 'store/postgres/migrations.ts',
  right: END,
  wrong: `  ['create table mac_newer (id bigint)'],\n${END}`,
}

let newer: string | null = null

/** Returns the module of the library with one more migration. */
function newerEntry(): string {
  newer ??= join(copyWith([NEWER_TABLES]), 'index.ts')
  return pathToFileURL(newer).href
}

/** A server with newer tables starts. Old servers that run go on, but no old one starts any more. */
export const newerTables: Fault<Cluster> = {
  name: 'rolling restart, newer tables',
  loses: false,
  start() {
    newerEntry()
    return Cluster.start()
  },
  run: ({ world }) => upgrade(world, newerEntry()),
  felt: hasFailures,
  controls: [anyVersion],
}
