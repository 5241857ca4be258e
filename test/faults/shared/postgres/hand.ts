import { type Control, type Fault, hasStale } from '../fault.ts'
import { Cluster, type PostgresSettings } from './cluster.ts'
import { UNSYNCED } from './crashes.ts'

const NO_TRIGGERS: Control<Cluster> = {
  name: 'a table without triggers',
  breaks: 'once',
  async prepare({ store }) {
    await store.ask('alter table mac_nonces disable trigger all', 'app')
  },
}

function byHand(
  name: string,
  sql: string,
  controls: readonly Control<Cluster>[],
  settings?: PostgresSettings,
): Fault<Cluster> {
  return {
    name,
    loses: true,
    start: () => Cluster.start(settings),
    run: ({ store, world }) => world.trouble(async () => void (await store.ask(sql, 'app'))),
    felt: hasStale,
    controls,
  }
}

/** Somebody removes all nonces. */
export const truncateNonces: Fault<Cluster> = byHand(
  'TRUNCATE mac_nonces by hand',
  'truncate mac_nonces',
  [NO_TRIGGERS],
)

export const deleteByHand: Fault<Cluster> = byHand(
  'DELETE FROM mac_nonces by hand',
  'delete from mac_nonces',
  [NO_TRIGGERS],
)

/** Nothing is lost, but as commits are not synced, nobody can know that. */
export const truncateCanary: Fault<Cluster> = byHand(
  'TRUNCATE mac_canary by hand',
  'truncate mac_canary',
  [],
  UNSYNCED,
)
