import { type RateLimitFields, takesFields, withRateLimit } from './fields.ts'

const NAMES = ['RateLimit-Policy', 'RateLimit'] as const

/** What a handler had written into the fields itself. */
type Own = readonly (string | null)[]

/**
 * Adds the header fields to answers of handlers, and sees to it that they are shown to nobody else: a
 * handler may give one and the same answer to all.
 *
 * Answers are not copied at first, which would cost the ways in which runtimes send a text or a file, and
 * on Bun its type. One that is given a second time gets back what it had, and only copies of it bear
 * fields from then on: as it is sent more than once, its body can be no stream.
 */
export class LimitedAnswers {
  /** Those that fields were added to; `null` once one was given again, and has its own again. */
  readonly #told = new WeakMap<Response, Own | null>()
  #some = false

  /** An answer for a caller that has a budget. */
  withFields(answer: Response, fields: RateLimitFields): Response {
    if (!takesFields(answer)) return answer
    if (this.#isShared(answer)) {
      const clone = cloneOf(answer)
      return clone === null ? answer : withRateLimit(clone, fields)
    }
    const own = NAMES.map((name) => answer.headers.get(name))
    const told = withRateLimit(answer, fields)
    if (told === answer) {
      this.#told.set(answer, own)
      this.#some = true
    }
    return told
  }

  /** An answer for one that has none. */
  withoutFields(answer: Response): Response {
    if (this.#some) this.#isShared(answer)
    return answer
  }

  #isShared(answer: Response): boolean {
    const own = this.#told.get(answer)
    if (own === undefined) return false
    if (own !== null) {
      giveBack(answer.headers, own)
      this.#told.set(answer, null)
    }
    return true
  }
}

function giveBack(headers: Headers, own: Own): void {
  for (const [at, name] of NAMES.entries()) {
    const value = own[at] ?? null
    if (value === null) headers.delete(name)
    else headers.set(name, value)
  }
}

/** `null` where its body was read: then it cannot be sent again either. */
function cloneOf(answer: Response): Response | null {
  try {
    return answer.clone()
  } catch {
    return null
  }
}
