import { MacError } from '../errors.ts'
import { given, nameFaults } from '../option-names.ts'
import type { ForwardedFamily } from '../protocol/forwarded.ts'
import { atOnce } from '../server/raw-target.ts'
import { countedAddress, isLoopbackAddress } from './address.ts'
import { forwardedFor } from './forwarded-for.ts'
import { shownAddress } from './shown-address.ts'

/** Where the addresses of clients come from. */
export interface AddressSettings {
  /** A function of the handler's own arguments. */
  // biome-ignore lint/suspicious/noExplicitAny: as the handler declares them
  readonly clientAddress: ((...given: any[]) => string | undefined) | null
  readonly trustProxy: ForwardedFamily | null
}

/** What proxies add, and clients may send as well. */
const FORWARDED = ['x-forwarded-for', 'forwarded'] as const

/** Who sent a request. The address is asked for when it is needed, and once. */
export class Client {
  readonly #ask: () => string | undefined
  readonly #mayBeProxy: () => boolean
  #written: string | null | undefined
  #counted: string | null | undefined

  constructor(ask: () => string | undefined, mayBeProxy: () => boolean = () => false) {
    this.#ask = ask
    this.#mayBeProxy = mayBeProxy
  }

  /** Whether the address may be that of a proxy, behind which all clients would be counted as one. */
  get mayBeProxy(): boolean {
    return this.#mayBeProxy()
  }

  /**
   * What the client is counted by; `null` where its address is not known.
   * @throws {@link MacError} `ERR_MAC_CALLBACK` where the function given as `clientAddress` fails.
   */
  get address(): string | null {
    if (this.#counted === undefined) {
      const written = this.#read()
      this.#counted = written === null ? null : countedAddress(written)
    }
    return this.#counted
  }

  /**
   * Whether the client is on this very machine; `null` where its address is not known.
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
 * by what it wrote; else by what the server shows a handler.
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
  if (clientAddress !== null) return new Client(() => asked(() => clientAddress(first, ...rest)))
  if (trustProxy !== null) return new Client(() => forwardedFor(request, trustProxy))
  return new Client(
    () => shownAddress(request, first, rest[0]),
    () => FORWARDED.some((name) => request.headers.has(name)),
  )
}

/**
 * The client of a request, by the address that the caller of `mac.verify` gave; `null` where it gave none.
 * @throws TypeError that names the option that is wrong.
 */
export function givenClient(options: unknown): Client | null {
  if (options === undefined) return null
  const faults = nameFaults('verify', options)
  if (faults.length > 0) throw wrongOptions(faults.join('; '))
  const { clientAddress: address } = options as { readonly clientAddress?: unknown }
  if (address === undefined) return null
  if (typeof address !== 'string') {
    throw wrongOptions(`clientAddress: must be a string, not ${given(address)}`)
  }
  return new Client(() => address)
}

function wrongOptions(fault: string): TypeError {
  return new TypeError(`withmac: wrong options for verify: ${fault}`)
}

function asked(clientAddress: () => unknown): string | undefined {
  try {
    const address = atOnce(clientAddress())
    if (address === undefined || address === null || typeof address === 'string') {
      return address ?? undefined
    }
    throw new TypeError('it must give an address or undefined')
  } catch (cause) {
    throw new MacError('ERR_MAC_CALLBACK', 'The function given as clientAddress failed.', { cause })
  }
}
