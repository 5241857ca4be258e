import { randomUUID } from 'node:crypto'
import { currentSeconds } from '../callback.ts'
import type { MacError } from '../errors.ts'
import type { Explanation, SeenRequest } from '../explain/explanation.ts'
import type { CheckSettings, MacSettings } from '../options.ts'
import { type PinnedOrigin, pinOrigin } from '../protocol/origin.ts'
import { SIGNED_HEADERS } from '../protocol/text.ts'
import type { StoredCredential } from '../store/types.ts'
import type { MacReport, Reported } from '../types.ts'
import { askReceivedTarget, type ReceivedTarget } from './request-origin.ts'
import { appliedOffset } from './validity.ts'
import type { Verifier } from './verify.ts'

/** A report, and the part of it that the client may get. */
export interface Reporting {
  readonly report: MacReport
  /** Returns the explanation if the request names a credential that exists; otherwise `null`. */
  explainKnown(): Promise<Explanation | null>
}

/** Returns the report of a rejection. */
export type Reporter = (
  request: Request,
  receivedTarget: ReceivedTarget | null,
  error: MacError,
) => Reporting

/** Returns a function that reports rejections under these settings. */
export function reporter(check: CheckSettings, verifier: Verifier): Reporter {
  return (request, receivedTarget, error) => {
    const reference = newReference()
    const receivedAt = clock(verifier)
    let seen: Reported | null = null
    const toJSON = (): Reported => {
      seen ??= {
        ...seenBy(request, receivedTarget, check, verifier.settings),
        reference,
        code: error.code,
        ...(receivedAt === null ? {} : { receivedAt }),
      }
      return seen
    }
    const report = { reference, toJSON, explain: () => explained(toJSON(), verifier, true) }
    return { report, explainKnown: () => explained(toJSON(), verifier, false) }
  }
}

/** @param unknownToo Whether to explain a request that names no credential, or one that does not exist. */
async function explained(
  seen: SeenRequest,
  verifier: Verifier,
  unknownToo: boolean,
): Promise<Explanation | null> {
  try {
    const [{ explain }, { identifierOf }] = await Promise.all([
      import('../explain/explain.ts'),
      import('../explain/lenient-header.ts'),
    ])
    const id = identifierOf(seen.headers.authorization ?? null)
    const { credentials } = await verifier.store()
    const credential = id === null ? null : (await credentials.lookUp(id)).credential
    if (credential === null && !unknownToo) return null
    return explain(seen, credential === null ? null : withOffset(credential, verifier))
  } catch {
    return null
  }
}

/** An offset that was learned under a larger limit no longer counts. */
function withOffset(credential: StoredCredential, { settings }: Verifier): StoredCredential {
  const { clockOffset } = credential
  return { ...credential, clockOffset: appliedOffset(clockOffset, settings.maxClockOffsetSeconds) }
}

function clock({ settings }: Verifier): number | null {
  try {
    return currentSeconds(settings.now)
  } catch {
    return null
  }
}

/** Returns 48 random bits. A UUID is the cheapest source: runtimes prepare random bytes for it. */
function newReference(): string {
  return randomUUID().replace('-', '').slice(0, 12)
}

/**
 * Returns what the server saw of a request, and the settings that it verified it by. What cannot be read is
 * left out: nothing here throws, since reports are about requests that are wrong.
 */
export function seenBy(
  request: Request,
  receivedTarget: ReceivedTarget | null,
  check: CheckSettings,
  { windowSeconds }: MacSettings,
): SeenRequest {
  const raw = attempt(() => askReceivedTarget(receivedTarget))
  const target = typeof raw === 'object' ? raw.url : raw
  const headers: Record<string, string> = {}
  for (const name of SIGNED_HEADERS) {
    const value = attempt(() => request.headers.get(name)) ?? null
    if (value !== null) headers[name] = name === 'authorization' ? withoutOthers(value) : value
  }
  return {
    method: attempt(() => request.method) ?? '',
    url: attempt(() => request.url) ?? '',
    ...(target === undefined ? {} : { target }),
    headers,
    settings: { ...originSettings(request, check), windowSeconds },
  }
}

/** Removes the passwords and tokens of other schemes, which must not get into a report or a log. */
function withoutOthers(value: string): string {
  if (/^MAC(?:[ \t]|$)/i.test(value)) return value
  const ours = /,[ \t]*(MAC[ \t].*)$/i.exec(value)?.[1]
  const scheme = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}(?=[ \t])/.exec(value)?.[0] ?? '***'
  return ours === undefined ? `${scheme} ***` : `${scheme} ***, ${ours}`
}

function originSettings(request: Request, { origin, trustProxy }: CheckSettings) {
  if (trustProxy !== null) return { trustProxy: trustProxy === 'both' ? true : trustProxy }
  if (origin === null) return {}
  if (typeof origin !== 'function') return { origin: origin.map(written) }
  const computed = attempt(() => origin(request))
  const pinned = typeof computed === 'string' ? attempt(() => pinOrigin(computed)) : undefined
  return pinned === undefined ? {} : { origin: written(pinned) }
}

function written({ scheme, host, port }: PinnedOrigin): string {
  const usual = port === (scheme === 'https' ? '443' : '80')
  return `${scheme}://${host}${usual ? '' : `:${port}`}`
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
