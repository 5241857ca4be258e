import { z } from 'zod'
import { callSync } from '../callback.ts'
import { MacError } from '../errors.ts'
import { type ForwardedFamily, forwardedElements } from '../protocol/forwarded.ts'
import { countedAddress, isLoopbackAddress } from '../protocol/ip-address.ts'
import { optionsOf, readOptions } from '../read-options.ts'

/** Where the addresses of clients come from. */
export interface AddressSettings {
  /** A function of the handler's own arguments. */
  // biome-ignore lint/suspicious/noExplicitAny: as the handler declares them
  readonly clientAddress: ((...given: any[]) => string | undefined) | null
  readonly trustProxy: ForwardedFamily | null
}

/** Who sent a request. The address is asked for when it is needed, and once. */
export class Client {
  /** Whether the address may be that of a proxy, behind which all clients would be counted as one. */
  readonly mayBeProxy: () => boolean
  readonly #ask: () => string | undefined
  #written: string | null | undefined
  #counted: string | null | undefined

  constructor(ask: () => string | undefined, mayBeProxy: () => boolean = () => false) {
    this.#ask = ask
    this.mayBeProxy = mayBeProxy
  }

  /**
   * What the client is counted by; `null` if its address is not known.
   * @throws {@link MacError} `ERR_MAC_CALLBACK` if the function given as `clientAddress` fails.
   */
  get address(): string | null {
    if (this.#counted === undefined) {
      const written = this.#read()
      this.#counted = written === null ? null : countedAddress(written)
    }
    return this.#counted
  }

  /**
   * Whether the client is on this very machine; `null` if its address is not known.
   * @throws {@link MacError} as `address` does.
   */
  get isLocal(): boolean | null {
    const written = this.#read()
    return written === null ? null : isLoopbackAddress(written)
  }

  #read(): string | null {
    if (this.#written === undefined) this.#written = this.#ask() ?? null
    return this.#written
  }
}

/**
 * The client of a request: by the function given as `clientAddress`; behind a proxy that is trusted,
 * by what it wrote; otherwise by what the server shows a handler.
 *
 * @param first What the handler was called with first.
 * @param rest What else it was called with.
 */
export function clientOf(
  request: Request,
  first: unknown,
  rest: readonly unknown[],
  { clientAddress, trustProxy }: AddressSettings,
): Client {
  if (clientAddress !== null) {
    const ask = () => clientAddress(first, ...rest)
    return new Client(() => callSync('clientAddress', ask, readAddress))
  }
  if (trustProxy !== null) return new Client(() => forwardedFor(request, trustProxy))
  return new Client(
    () => connectionAddress(request, first as Shape, rest[0] as Shape),
    // What proxies add, and clients may send as well.
    () => ['x-forwarded-for', 'forwarded'].some((name) => request.headers.has(name)),
  )
}

function readAddress(address: unknown): string | undefined {
  if (address === undefined || address === null || typeof address === 'string') {
    return address ?? undefined
  }
  throw new TypeError('it must give an address or undefined')
}

const verifyOptions = optionsOf({ clientAddress: z.string().optional() }).optional()

/**
 * The client of a request, by the address that the caller of `mac.verify` gave; `null` if it gave none.
 * @throws TypeError that names the option that is wrong.
 */
export function givenClient(options: unknown): Client | null {
  const address = readOptions(verifyOptions, options, 'verify')?.clientAddress
  return address === undefined ? null : new Client(() => address)
}

/**
 * The address that the nearest proxy had a request from: what it wrote last into `Forwarded` (RFC 7239)
 * or `X-Forwarded-For`. All before that may have been sent by the client itself.
 *
 * Behind several proxies it is the address of the last but one of them. Read it only behind a proxy
 * that sets or removes each of the fields.
 *
 * @returns It as it is written, also what is not an address; `undefined` if there is none.
 * @throws {@link MacError} `ERR_MAC_FORWARDED` if the two fields tell different ones: one of them is the
 *   client's own, who would be counted nowhere.
 */
function forwardedFor(request: Request, family: ForwardedFamily): string | undefined {
  const standard = family === 'x-forwarded' ? undefined : lastOfForwarded(request)
  const x =
    family === 'forwarded' ? null : request.headers.get('x-forwarded-for')?.split(',').at(-1)
  if (standard === undefined || x == null) return standard ?? x ?? undefined
  if (countedAddress(standard) === countedAddress(x)) return x
  throw new MacError(
    'ERR_MAC_FORWARDED',
    'Forwarded and X-Forwarded-For tell two different addresses: the proxy must set or remove both, or ' +
      "trustProxy name the one that it sets: 'forwarded' or 'x-forwarded'.",
  )
}

function lastOfForwarded(request: Request): string | undefined {
  try {
    return forwardedElements(request).at(-1)?.get('for')
  } catch {
    return undefined
  }
}

/** A value of which nothing is known, looked at by its shape. */
type Shape = Readonly<Record<string, unknown>> | null | undefined

/**
 * The address that a client's connection comes from, as servers show it to handlers: Bun's and Deno's
 * second argument, node:http's request in that of @hono/node-server, srvx's request, SvelteKit's event
 * and Astro's context. `undefined` if none of them does.
 */
function connectionAddress(request: Request, first: Shape, second: Shape): string | undefined {
  for (const place of [
    () => (call(second, 'requestIP', request) as Shape)?.address,
    () => within(second, 'remoteAddr')?.hostname,
    () => within(nodeRequest(first, second), 'socket')?.remoteAddress,
    () => call(first, 'getClientAddress'),
    () => first?.clientAddress,
  ]) {
    try {
      const address = place()
      if (typeof address === 'string') return address
    } catch {
      // Some throw if there is no connection, as when pages are made in advance.
    }
  }
  return undefined
}

/** node:http's request, as @hono/node-server and srvx show it to handlers. */
export function nodeRequest(first: unknown, second: unknown): Shape {
  const ofSrvx = within(within(within(first as Shape, 'runtime'), 'node'), 'req')
  return within(second as Shape, 'incoming') ?? ofSrvx
}

function within(shape: Shape, name: string): Shape {
  return shape?.[name] as Shape
}

function call(shape: Shape, name: string, ...values: unknown[]): unknown {
  const method = shape?.[name]
  return typeof method === 'function' ? method.apply(shape, values) : undefined
}
