import { callSync } from '../callback.ts'
import { MacError } from '../errors.ts'
import { type ForwardedFamily, forwardedElements } from '../protocol/forwarded.ts'
import { countedAddress, isLoopbackAddress } from '../protocol/ip-address.ts'

/** How the address of a client is found. */
export interface AddressSettings {
  /** The function of the option. It gets the arguments of the handler. */
  // biome-ignore lint/suspicious/noExplicitAny: as the handler declares them
  readonly clientAddress: ((...given: any[]) => string | undefined) | null
  readonly trustProxy: ForwardedFamily | null
}

/** The address of a request's client. It is read when it is first needed, and only once. */
export class ClientAddress {
  /** Whether the address may be that of a proxy. Then all clients behind it would be counted as one. */
  readonly mayBeProxy: () => boolean
  readonly #ask: () => string | undefined
  #written: string | null | undefined
  #counted: string | null | undefined

  constructor(ask: () => string | undefined, mayBeProxy: () => boolean = () => false) {
    this.#ask = ask
    this.mayBeProxy = mayBeProxy
  }

  /**
   * The address by which the client is counted; `null` if its address is not known.
   * @throws {@link MacError} `ERR_MAC_CALLBACK` if the function given as `clientAddress` fails.
   */
  get counted(): string | null {
    if (this.#counted === undefined) {
      const written = this.#read()
      this.#counted = written === null ? null : countedAddress(written)
    }
    return this.#counted
  }

  /**
   * Whether the client is on the same machine; `null` if its address is not known.
   * @throws {@link MacError} as `counted` does.
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
 * Returns the address of a request's client. It comes from the function `clientAddress`; otherwise, behind
 * a trusted proxy, from the forwarded fields; otherwise from the connection, if the server shows it to
 * handlers.
 *
 * @param first The first argument of the handler.
 * @param rest The other arguments of the handler.
 */
export function clientAddressOf(
  request: Request,
  first: unknown,
  rest: readonly unknown[],
  { clientAddress, trustProxy }: AddressSettings,
): ClientAddress {
  if (clientAddress !== null) {
    const ask = () => clientAddress(first, ...rest)
    return new ClientAddress(() => callSync('clientAddress', ask, readAddress))
  }
  if (trustProxy !== null) return new ClientAddress(() => forwardedFor(request, trustProxy))
  return new ClientAddress(
    () => connectionAddress(request, first as Shape, rest[0] as Shape),
    // Proxies add these fields, but clients may send them too.
    () => ['x-forwarded-for', 'forwarded'].some((name) => request.headers.has(name)),
  )
}

function readAddress(address: unknown): string | undefined {
  if (address === undefined || address === null || typeof address === 'string') {
    return address ?? undefined
  }
  throw new TypeError('it must return an address or undefined')
}

/**
 * Returns the address from which the nearest proxy received the request: the last one in `Forwarded` (RFC
 * 7239) or `X-Forwarded-For`. The client itself may have sent all addresses before the last.
 *
 * Behind several proxies, this is the address of the last but one. Call this only behind a proxy that sets or
 * removes each of the two fields.
 *
 * @returns The text of the field, even if it is not an address; `undefined` if there is none.
 * @throws {@link MacError} `ERR_MAC_FORWARDED` if the two fields contain different addresses. One of them
 *   may be from the client, who could choose a new address for each request.
 */
function forwardedFor(request: Request, family: ForwardedFamily): string | undefined {
  const standard = family === 'x-forwarded' ? undefined : lastOfForwarded(request)
  const x =
    family === 'forwarded' ? null : request.headers.get('x-forwarded-for')?.split(',').at(-1)
  if (standard === undefined || x == null) return standard ?? x ?? undefined
  if (countedAddress(standard) === countedAddress(x)) return x
  throw new MacError(
    'ERR_MAC_FORWARDED',
    'Forwarded and X-Forwarded-For contain two different addresses. The proxy must set or remove both, or ' +
      "trustProxy must name the one that it sets: 'forwarded' or 'x-forwarded'.",
  )
}

function lastOfForwarded(request: Request): string | undefined {
  try {
    return forwardedElements(request).at(-1)?.get('for')
  } catch {
    return undefined
  }
}

/** A value of unknown type, of which only some properties are read. */
type Shape = Readonly<Record<string, unknown>> | null | undefined

/**
 * Returns the address of the client's connection; `undefined` if the server does not show it. It is in
 * the second argument on Bun, on Deno and with @hono/node-server, and in the first with srvx, SvelteKit
 * and Astro.
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
      // Some throw if there is no connection, for example when pages are rendered in advance.
    }
  }
  return undefined
}

/** Returns the request of node:http, which @hono/node-server and srvx pass to handlers. */
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
