import type { RateLimiterMemory } from 'rate-limiter-flexible'
import { type Count, type Counter, countOf } from './count.ts'
import { ANY_BUDGET, memoryLimiter } from './library.ts'

/** Counts in the memory of this process. */
export class MemoryCounter implements Counter {
  #limiter: RateLimiterMemory | null = null

  async add(key: string, seconds: number): Promise<Count> {
    const limiter = this.#limiter ?? (await this.#open())
    return countOf(await limiter.penalty(key, 1, { customDuration: seconds }), seconds)
  }

  forget(key: string): void {
    void this.#limiter?.delete(key)
  }

  async ready(): Promise<void> {
    await this.#open()
  }

  async close(): Promise<void> {
    this.#limiter = null
  }

  async #open(): Promise<RateLimiterMemory> {
    const Limiter = await memoryLimiter()
    this.#limiter ??= new Limiter(ANY_BUDGET)
    return this.#limiter
  }
}
