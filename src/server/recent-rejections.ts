import type { MacError } from '../errors.ts'
import { parseAuthorization } from '../protocol/authorization.ts'
import type { MacReport, Reported } from '../types.ts'

/** A request that `withMac` rejected. */
export interface Rejection {
  /** By the system's clock if the application's clock failed. */
  readonly at: Date
  /** Without its cause, which may hold the request. A long message is cut. */
  readonly error: Pick<MacError, 'code' | 'status' | 'message'>
  /** Without the request itself. */
  readonly report: MacReport
  readonly method: string
  /** The path of the request's URL. It is empty if the URL cannot be read. */
  readonly path: string
  /** The identifier that the request named: anyone can send any. `null` if the header cannot be read. */
  readonly id: string | null
}

/** How many rejections are kept. */
const MOST = 500
/** How many characters of requests are kept in total, and of one request. A larger one is not kept. */
const MOST_CHARACTERS = 2_000_000
const MOST_OF_ONE = 64_000
const MOST_OF_MESSAGE = 2000

/**
 * The newest rejected requests of this process. Nothing is kept before {@link watch} is called, so that
 * applications that never look at it pay nothing.
 */
export class RecentRejections {
  #isWatched = false
  /** The oldest first. */
  #kept: { readonly rejection: Rejection; readonly characters: number }[] = []
  #characters = 0

  get isWatched(): boolean {
    return this.#isWatched
  }

  /** Keeps rejections from now on. */
  watch(): void {
    this.#isWatched = true
  }

  /**
   * Keeps a rejection, and drops the oldest if there are too many.
   *
   * @param report A report that does not hold the request.
   * @param client The identifier, if the MAC was right.
   */
  add(error: MacError, report: MacReport, client: string | null): void {
    const seen = report.toJSON()
    const { code, status } = error
    const message = error.message.slice(0, MOST_OF_MESSAGE)
    const characters = message.length + sizeOf(seen)
    if (characters > MOST_OF_ONE) return
    const { receivedAt, method, url, headers } = seen
    const at = receivedAt === undefined ? new Date() : new Date(receivedAt * 1000)
    const id = client ?? namedIn(headers.authorization)
    const rejection = Object.freeze({
      at,
      error: { code, status, message },
      report,
      method,
      path: pathOf(url),
      id,
    })
    this.#kept.push({ rejection, characters })
    this.#characters += characters
    while (this.#kept.length > MOST || this.#characters > MOST_CHARACTERS) {
      this.#characters -= this.#kept.shift()?.characters ?? 0
    }
  }

  /** Returns the newest rejections, the newest first. */
  newest(limit: number): readonly Rejection[] {
    const from = Math.max(0, this.#kept.length - limit)
    return this.#kept
      .slice(from)
      .map(({ rejection }) => rejection)
      .reverse()
  }

  /** Returns the rejection with this reference; `null` if it is not kept. */
  find(reference: string): Rejection | null {
    const found = this.#kept.find(({ rejection }) => rejection.report.reference === reference)
    return found?.rejection ?? null
  }
}

function sizeOf({ method, url, target, headers }: Reported): number {
  const fields = Object.entries(headers).map(([name, value]) => name.length + value.length)
  const texts = method.length + url.length + (target?.length ?? 0)
  return fields.reduce((sum, size) => sum + size, texts)
}

function namedIn(authorization: string | undefined): string | null {
  try {
    return parseAuthorization(authorization ?? null)?.id ?? null
  } catch {
    return null
  }
}

function pathOf(url: string): string {
  try {
    return new URL(url).pathname
  } catch {
    return ''
  }
}
