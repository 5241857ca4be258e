import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { MacDatabase, StateName } from './schema.ts'
import type { Row } from './steps.ts'
import type { Nonce, Recorded } from './store.ts'

const SEEN: Recorded = Object.freeze({ verdict: 'seen', version: null })

/** The statement that records a batch of nonces, and what its rows mean. */
export class NonceInsert {
  readonly #db: Kysely<MacDatabase>
  /** Compiled once for each size of a batch. */
  readonly #compiled = new Map<number, CompiledQuery>()

  /** @param db Compiles the statements; it does not run them. */
  constructor(db: Kysely<MacDatabase>) {
    this.#db = db
  }

  query(batch: readonly Nonce[]): CompiledQuery {
    const known = this.#compiled.get(batch.length)
    const compiled = known ?? this.#compile(batch.length)
    if (known === undefined) this.#compiled.set(batch.length, compiled)
    const parameters: unknown[] = []
    for (const { timestamp, credential, nonce } of batch) {
      parameters.push(timestamp, credential, nonce)
    }
    return { ...compiled, parameters }
  }

  /** @param rows One for each nonce that was not there before. */
  recorded(batch: readonly Nonce[], rows: readonly Row[]): readonly Recorded[] {
    const [first] = rows
    if (first === undefined) return batch.map(() => SEEN)
    const floor = Number(first.floor)
    const version = Number(first.version)
    const added: Recorded = { verdict: 'new', version }
    const forgotten: Recorded = { verdict: 'forgotten', version }
    // No two of a batch have the same text: it tells which of them a row speaks of.
    const texts = rows.length === batch.length ? null : new Set(rows.map(({ nonce }) => nonce))
    return batch.map(({ timestamp, nonce }) => {
      if (texts !== null && !texts.has(nonce)) return SEEN
      return timestamp < floor ? forgotten : added
    })
  }

  #compile(size: number): CompiledQuery {
    const placeholder = { ts: 0, credential: '', nonce: '' }
    return this.#db
      .insertInto('mac_nonces')
      .values(Array.from({ length: size }, () => placeholder))
      .onConflict((conflict) => conflict.doNothing())
      .returning([
        'nonce',
        state('nonce_floor').as('floor'),
        state('credentials_version').as('version'),
      ])
      .compile()
  }
}

function state(name: StateName) {
  return sql<number>`(select value from mac_state where name = ${sql.lit(name)})`
}
