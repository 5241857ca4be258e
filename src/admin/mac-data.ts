import { currentSeconds } from '../callback.ts'
import { partsOf } from '../create-mac.ts'
import type { Credential } from '../credentials/credential.ts'
import { databaseFindings } from '../doctor/database.ts'
import { adviceText } from '../doctor/finding.ts'
import type { Mac } from '../mac.ts'
import type { AdminData, AuditEvent, AuditSearch, CredentialSearch, StatusFilter } from './data.ts'
import { statusOf } from './format.ts'

/** Larger database files are not read as a whole: that would hold up requests for a second. */
const MOST_CHECKED_BYTES = 50_000_000

/** Returns what the pages read of a `Mac`. */
export function dataOf(mac: Mac): AdminData {
  const { settings, actingAs } = partsOf(mac)
  const now = () => currentSeconds(settings.now)
  return {
    now,
    signedOrigin: originOf(settings.origin),
    search: async (search) => searchIn(await mac.listCredentials(), search, now()),
    find: (id) => mac.getCredential(id),
    history: async (search) => historyIn(await mac.credentialHistory({ limit: 1_000_000 }), search),
    traffic: async () => [],
    rejections: () => [],
    rejection: () => null,
    health: async () => {
      const sealer = async () => settings.sealer(new Promise(() => {}))
      const options = { sealer, mostBytes: MOST_CHECKED_BYTES }
      const findings = await databaseFindings(settings.database, options)
      return findings.map(({ state, subject, text, advice }) => ({
        ...{ kind: state, name: subject, text },
        advice: advice === undefined ? null : adviceText(advice),
      }))
    },
    actingAs,
  }
}

function originOf(origin: ReturnType<typeof partsOf>['settings']['origin']): string | null {
  const [first] = typeof origin === 'function' ? [] : (origin ?? [])
  if (first === undefined) return null
  const { scheme, host, port } = first
  const usual = port === (scheme === 'https' ? '443' : '80')
  return `${scheme}://${host}${usual ? '' : `:${port}`}`
}

function searchIn(
  all: readonly Credential[],
  { text, status, before, limit }: CredentialSearch,
  now: number,
): Credential[] {
  const wanted = text?.toLowerCase()
  return all
    .filter((each) => isOf(status, each, now))
    .filter(
      ({ id, label, user }) =>
        wanted === undefined ||
        [id, label ?? '', user].some((value) => value.toLowerCase().includes(wanted)),
    )
    .sort((a, b) => b.created.getTime() - a.created.getTime() || (a.id < b.id ? 1 : -1))
    .filter(({ id, created }) => {
      const at = created.getTime() / 1000
      return before === null || at < before.created || (at === before.created && id < before.id)
    })
    .slice(0, limit)
}

function isOf(filter: StatusFilter, credential: Credential, now: number): boolean {
  if (filter === 'all') return true
  const status = statusOf(credential, new Date(now * 1000))
  return filter === status || (filter === 'active' && status === 'expiring')
}

function historyIn(
  all: readonly (Omit<AuditEvent, 'actor'> & { readonly actor?: string | null })[],
  { action, actor, credential, user, from, to, before, limit }: AuditSearch,
): AuditEvent[] {
  return all
    .map((event) => ({ ...event, actor: event.actor ?? null }))
    .filter((event) => {
      const at = event.at.getTime() / 1000
      return (
        (action === null || event.action === action) &&
        (actor === null || event.actor === actor) &&
        (credential === null || event.id === credential) &&
        (user === null || event.user === user) &&
        (from === null || at >= from) &&
        (to === null || at < to) &&
        (before === null || event.number < before)
      )
    })
    .slice(0, limit)
}
