import { partsOf } from '../create-mac.ts'
import { fromStored } from '../credentials/credential.ts'
import type { Mac } from '../mac.ts'
import type { MacSettings } from '../options.ts'
import { originText } from '../protocol/pinned-origin.ts'
import type { KeylessCredential, Usage } from '../store/types.ts'
import type { AdminData, ShownCredential } from './data.ts'

/** Larger database files are not read as a whole: that would hold up requests for a second. */
const MOST_CHECKED_BYTES = 50_000_000

/** Returns what the pages read of a `Mac`. From now on it keeps its newest rejections. */
export function dataOf(mac: Mac): AdminData {
  const { settings, store, now, rejections, actingAs } = partsOf(mac)
  const credentials = async () => (await store()).credentials
  rejections.watch()
  return {
    now,
    signedOrigin: originOf(settings.origin),
    async search(search) {
      const at = now()
      const open = await credentials()
      const found = await open.search({ ...search, now: at })
      const ids = found.map(({ id }) => id)
      const usage = await open.usageOf(at, ids)
      return found.map((stored) => shown(stored, usage.get(stored.id)))
    },
    async find(id) {
      const open = await credentials()
      const stored = await open.find(id)
      if (stored === null) return null
      return shown(stored, (await open.usage(now(), id)).get(id))
    },
    async history(filter) {
      const rows = await (await credentials()).history(filter)
      return rows.map(({ at, credential, ...row }) => ({
        ...row,
        at: new Date(at * 1000),
        id: credential,
      }))
    },
    traffic: async (credential) => (await store()).traffic(now(), credential),
    rejections: (limit) => rejections.newest(limit),
    rejection: (reference) => rejections.find(reference),
    async health() {
      // Loaded when somebody looks.
      const { databaseFindings } = await import('../doctor/database.ts')
      const sealer = () => settings.sealer(new Promise(() => {}))
      const { database, nonces } = settings
      return databaseFindings(database, { sealer, nonces, mostBytes: MOST_CHECKED_BYTES })
    },
    actingAs,
  }
}

function shown(stored: KeylessCredential, usage: Usage | undefined): ShownCredential {
  const { removeAt } = stored
  const removed = removeAt === null ? null : new Date(removeAt * 1000)
  return { ...fromStored(stored, usage), removed }
}

/** The first origin of the option `origin`, unless that is a function. */
function originOf(origin: MacSettings['origin']): string | null {
  const [first] = typeof origin === 'function' ? [] : (origin ?? [])
  return first === undefined ? null : originText(first)
}
