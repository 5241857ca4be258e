import { MacError } from '../../errors.ts'
import { type RedisConnection, runScript } from './client.ts'
import { INFO } from './script.ts'

/** How often the policy is read, and how often while it is wrong, in milliseconds. */
const EVERY = 60_000
const EVERY_WHILE_WRONG = 1000

/**
 * Demands that Redis never evicts keys. Redis would forget nonces to free memory, so requests are rejected while
 * it may. (Nonces that it did evict are noticed by the script that records: see `RECORD`.)
 */
export class EvictionWatch {
  readonly #connection: RedisConnection
  readonly #keys: readonly string[]
  readonly #name: string
  readonly #now: () => number
  #wrong: MacError | null = null
  #nextAt = 0

  /**
   * @param keys A key on each node.
   * @param name The start of error messages.
   * @param now The clock, as `performance.now()`.
   */
  constructor(
    connection: RedisConnection,
    keys: readonly string[],
    name: string,
    now: () => number = () => performance.now(),
  ) {
    this.#connection = connection
    this.#keys = keys
    this.#name = name
    this.#now = now
  }

  /**
   * Reads the policy.
   * @throws {@link MacError} if Redis may evict keys; an error of the client if the policy cannot be read.
   */
  async check(): Promise<void> {
    const policies = await Promise.all(
      this.#keys.map(async (key) => {
        const info = await runScript(this.#connection, INFO, [key], ['memory'])
        return /^maxmemory_policy:(\S+)/m.exec(String(info))?.[1] ?? 'unknown'
      }),
    )
    const other = policies.find((policy) => policy !== 'noeviction')
    this.#wrong = other === undefined ? null : this.#error(other)
    this.#nextAt = this.#now() + (this.#wrong === null ? EVERY : EVERY_WHILE_WRONG)
    if (this.#wrong !== null) throw this.#wrong
  }

  /**
   * Throws if the policy was wrong when it was read last. Starts to read it again if that was a minute ago. It
   * does *not* wait for that.
   */
  demand(): void {
    const now = this.#now()
    if (now >= this.#nextAt) {
      this.#nextAt = now + EVERY_WHILE_WRONG
      // If it cannot be read, the batches fail too, and say why.
      this.check().catch(() => {})
    }
    if (this.#wrong !== null) throw this.#wrong
  }

  #error(policy: string): MacError {
    return new MacError(
      'ERR_MAC_STORE',
      `${this.#name} may evict keys if its memory is full (maxmemory-policy ${policy}), and would then accept ` +
        'replays. Run CONFIG SET maxmemory-policy noeviction, and write it into its configuration.',
    )
  }
}
