import { MacError } from '../errors.ts'

/** What becomes of a request that comes, or is still on its way, when the database is closed. */
export function closedError(): MacError {
  return new MacError('ERR_MAC_CLOSED', 'This Mac was closed.')
}

/** Keeps requests that are still on their way from a database that is being closed. */
export class Closing {
  #begun = false

  begin(): void {
    this.#begun = true
  }

  /** @throws {@link MacError} `ERR_MAC_CLOSED` */
  check(): void {
    if (this.#begun) throw closedError()
  }
}
