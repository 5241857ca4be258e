import type { SeenRequest } from '../explain/explanation.ts'
import { type PinnedOrigin, pinOrigin } from '../protocol/origin.ts'
import { SIGNED_HEADERS } from '../protocol/text.ts'
import type { CheckSettings, MacSettings } from '../settings.ts'
import { askRawTarget, type RawTarget } from './raw-target.ts'

/**
 * What a server saw of a request, and what it judged it by, as far as that can be told. Nothing here
 * throws: a report is made of requests with which something is wrong.
 */
export function seenBy(
  request: Request,
  rawTarget: RawTarget | null,
  check: CheckSettings,
  { windowSeconds }: MacSettings,
): SeenRequest {
  const raw = attempt(() => askRawTarget(rawTarget))
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

/** Passwords and tokens of other schemes have no business in a report, nor in a log. */
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
