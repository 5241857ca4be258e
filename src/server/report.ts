import { randomUUID } from 'node:crypto'
import { currentSeconds } from '../callback.ts'
import type { MacError } from '../errors.ts'
import type { Explanation, SeenRequest } from '../explain/explanation.ts'
import type { CheckSettings, MacSettings } from '../options.ts'
import { originText, pinOrigin } from '../protocol/pinned-origin.ts'
import { REPORTED_HEADERS } from '../protocol/request-head.ts'
import type { StoredCredential } from '../store/types.ts'
import type { MacReport, Reported } from '../types.ts'
import { type Incoming, sentTo } from './incoming.ts'
import { appliedOffset } from './validity.ts'
import type { Verifier } from './verify.ts'

/** A report, and the part of it that the client may get. */
export interface RejectionReport {
  readonly report: MacReport
  /** Returns the same report without the request, so that it can be kept: a request may have a large body. */
  detached(): MacReport
  /** Returns the explanation if the request names a credential that exists; otherwise `null`. */
  explainKnown(): Promise<Explanation | null>
}

/** Returns the report of a rejection. */
export type Reporter = (incoming: Incoming, error: MacError) => RejectionReport

/** Returns a function that reports rejections under these settings. */
export function createReporter(check: CheckSettings, verifier: Verifier): Reporter {
  return (incoming, error) => {
    const reference = newReference()
    const receivedAt = tryRead(() => currentSeconds(verifier.settings.now))
    let seen: Reported | null = null
    const toJSON = (): Reported => {
      seen ??= {
        ...seenBy(incoming, check, verifier.settings),
        reference,
        code: error.code,
        ...(receivedAt === null ? {} : { receivedAt }),
      }
      return seen
    }
    const report = { reference, toJSON, explain: () => explained(toJSON(), verifier, true) }
    return {
      report,
      detached: () => detached(toJSON(), verifier),
      explainKnown: () => explained(toJSON(), verifier, false),
    }
  }
}

function detached(seen: Reported, verifier: Verifier): MacReport {
  const { reference } = seen
  return { reference, toJSON: () => seen, explain: () => explained(seen, verifier, true) }
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
    const deadline = verifier.deadline()
    const { credentials } = await verifier.store(deadline)
    const credential = id === null ? null : (await credentials.lookUp(id, deadline)).credential
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

/** Returns 48 random bits. A UUID is the cheapest source: runtimes prepare random bytes for it. */
function newReference(): string {
  return randomUUID().replace('-', '').slice(0, 12)
}

/**
 * Returns what the server saw of a request, and the settings that it verified it by. What cannot be read is
 * left out: nothing here throws, since reports are about requests that are wrong.
 */
function seenBy(
  incoming: Incoming,
  check: CheckSettings,
  { windowSeconds }: MacSettings,
): SeenRequest {
  const { request } = incoming
  const received = tryRead(() => incoming.received())
  // With the option path, the target is the one under that path.
  const given = received ?? tryRead(() => (incoming.hasOtherTarget ? incoming.target() : null))
  const target = (typeof given === 'string' ? given : given && sentTo(given)) ?? undefined
  const headers: Record<string, string> = {}
  for (const name of REPORTED_HEADERS) {
    const value = tryRead(() => request.headers.get(name))
    if (value !== null) headers[name] = name === 'authorization' ? withoutOthers(value) : value
  }
  return {
    method: tryRead(() => request.method) ?? '',
    url: tryRead(() => request.url) ?? '',
    ...(target === undefined ? {} : { target }),
    headers,
    settings: { ...originSettings(request, check), windowSeconds },
  }
}

/** Removes the passwords and tokens of other schemes, which must not get into a report or a log. */
function withoutOthers(value: string): string {
  if (/^MAC(?:[ \t]|$)/i.test(value) || isWithoutScheme(value)) return value
  const ours = /,[ \t]*(MAC[ \t].*)$/i.exec(value)?.[1]
  const scheme = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}(?=[ \t])/.exec(value)?.[0] ?? '***'
  return ours === undefined ? `${scheme} ***` : `${scheme} ***, ${ours}`
}

/** Whether a header has the parameters of MAC credentials, but not the word `MAC` alone before them. */
function isWithoutScheme(value: string): boolean {
  return (
    /^(?:MAC[:,]?)?[ \t]*(?:id|kid|ts|nonce|ext|mac)=/i.test(value) && /[ \t,]mac=/i.test(value)
  )
}

function originSettings(request: Request, { origin, trustProxy }: CheckSettings) {
  if (trustProxy !== null) return { trustProxy: trustProxy === 'both' ? true : trustProxy }
  if (origin === null) return {}
  if (typeof origin !== 'function') return { origin: origin.map(originText) }
  const computed = tryRead(() => origin(request))
  const pinned = typeof computed === 'string' ? tryRead(() => pinOrigin(computed)) : null
  return pinned === null ? {} : { origin: originText(pinned) }
}

/** Returns what a function reads; `null` if it throws. */
function tryRead<Value>(read: () => Value): Value | null {
  try {
    return read()
  } catch {
    return null
  }
}
