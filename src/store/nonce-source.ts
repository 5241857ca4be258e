/** Where nonces are kept outside of the database: the URL of a Redis or Valkey, or the caller's client. */
export interface NonceSource {
  /** The URL; `null` if there is a client. It may contain a password. */
  readonly url: string | null
  /** The caller's client; `null` if there is a URL. */
  readonly client: RedisClient | null
  /** The start of all keys. */
  readonly keyPrefix: string
}

/**
 * What withmac needs of a client: the method of ioredis, of redis, of a cluster of redis, or of Bun that sends any
 * command.
 */
export type RedisClient =
  | { call(command: string, ...args: string[]): Promise<unknown> }
  | { sendCommand(args: string[]): Promise<unknown> }
  | {
      sendCommand(
        firstKey: string | undefined,
        isReadonly: boolean | undefined,
        args: string[],
      ): Promise<unknown>
    }
  | { send(command: string, args: string[]): Promise<unknown> }

/** What the option `nonceKeyPrefix` may be. */
export const KEY_PREFIX: RegExp = /^[\w:.-]{1,64}$/

/** Which methods tell the clients apart, and how each is called in error messages. */
const METHODS = ['call', 'sendCommand', 'send'] as const

/**
 * Reads the option `nonces`: a URL that starts with `redis:`, `rediss:`, `valkey:` or `valkeys:`, or a client.
 * @throws TypeError that says what is supported. It does not show the URL, which may contain a password.
 */
export function nonceSource(value: unknown): Omit<NonceSource, 'keyPrefix'> {
  if (typeof value === 'string') return { url: redisUrl(value), client: null }
  const shape = (value ?? {}) as Readonly<Record<string, unknown>>
  if (METHODS.some((method) => typeof shape[method] === 'function')) {
    return { url: null, client: value as RedisClient }
  }
  throw new TypeError(
    'must be a URL such as "redis://host:6379", or a client of Redis made by ioredis, redis or Bun',
  )
}

/** Valkey speaks the protocol of Redis, whose clients know only its schemes. */
function redisUrl(url: string): string {
  // If a password has one of the characters /?# in it, a part of it could be taken for the host.
  const found = /^(redis|valkey)(s?):\/\/(?=(?:[^/?#]*@)?[^@#]+$)/i.exec(url)
  if (found !== null && URL.canParse(url)) {
    return `redis${(found[2] ?? '').toLowerCase()}://${url.slice(found[0].length)}`
  }
  throw new TypeError(
    'must be a URL that starts with redis://, rediss://, valkey:// or valkeys://, such as ' +
      '"redis://user:password@host:6379". In a password, write %40 for a @, %2F for a /, %3F for a ? and %23 for a #',
  )
}

/** Returns the name of a store of nonces for messages. It contains no secret. */
export function nonceLabel({ url }: NonceSource): string {
  return url === null ? 'redis' : `redis://${new URL(url).host}`
}
