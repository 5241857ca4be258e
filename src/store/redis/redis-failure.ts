import { MacError } from '../../errors.ts'

/** What the first word of an error of Redis means for the operator. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^OOM\b/, 'its memory is full: raise maxmemory, or free some memory'],
  [
    /^READONLY\b/,
    'it is a replica, on which nothing can be recorded: use the address of the primary',
  ],
  [
    /^(?:MOVED|ASK|CROSSSLOT)\b/,
    'it is a cluster: pass a URL, or a client that is made for clusters',
  ],
  [/^(?:CLUSTERDOWN|TRYAGAIN)\b/, 'a part of the cluster is down, or is being moved'],
  [
    /^(?:NOPERM|NOAUTH|WRONGPASS)\b/,
    'its user lacks a right, or the password is wrong: withmac needs eval, evalsha, info, time, and the commands of ' +
      'sets and hashes on its keys',
  ],
  [/^(?:LOADING|BUSY|MASTERDOWN)\b/, 'it is not ready'],
  [/^MISCONF\b/, 'it cannot save its data on its disk'],
]

/** Converts an error of a client to a `MacError`. Its message explains the error, and has the client's own text. */
export function redisError(name: string, cause: unknown): MacError {
  if (cause instanceof MacError) return cause
  const text = (cause instanceof Error && cause.message) || String(cause)
  // A client may try several addresses, and give one error for all.
  const inner = (cause as { errors?: unknown } | null)?.errors
  const all = Array.isArray(inner) ? inner.map((error) => (error as Error).message).join('; ') : ''
  const shown = text === '' || text === 'AggregateError' ? all : text
  const words = WORDS.find(([pattern]) => pattern.test(shown))?.[1]
  const why = words === undefined ? shown : `${words} (Redis: ${shown})`
  return new MacError('ERR_MAC_STORE', `${name} failed: ${why}`, { cause: withoutCommand(cause) })
}

/**
 * Returns a copy of an error of ioredis without the command: if the password is wrong, that is `auth` with the
 * password.
 */
function withoutCommand(cause: unknown): unknown {
  if (!(cause instanceof Error && 'command' in cause)) return cause
  const copy = new Error(cause.message)
  copy.name = cause.name
  if (cause.stack !== undefined) copy.stack = cause.stack
  return copy
}
