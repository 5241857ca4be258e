import { type CompiledQuery, type Kysely, sql } from 'kysely'
import { nonceName } from './nonce-name.ts'
import type { MacDatabase, StateName } from './schema.ts'
import { present } from './state.ts'
import type { Row } from './steps.ts'
import { type Nonce, type Recorded, SEEN } from './store.ts'

/** The statements that record batches of nonces, and what their rows mean. */
export class NonceInsert {
  readonly #db: Kysely<MacDatabase>
  /** Compiled once for each size of a batch: the usual statements, and those for nonces alike. */
  readonly #compiled = [new Map<number, CompiledQuery>(), new Map<number, CompiledQuery>()] as const

  /** @param db Compiles the statements; it does not run them. */
  constructor(db: Kysely<MacDatabase>) {
    this.#db = db
  }

  /** @param alike Whether some of the batch may be the same text. */
  query(batch: readonly Nonce[], alike: boolean): CompiledQuery {
    const compiled = this.#compiled[alike ? 1 : 0]
    let query = compiled.get(batch.length)
    if (query === undefined) {
      query = this.#compile(batch.length, alike)
      compiled.set(batch.length, query)
    }
    const parameters: unknown[] = []
    for (const { timestamp, credential, nonce } of batch) {
      parameters.push(timestamp, credential, nonce)
    }
    return { ...query, parameters }
  }

  /**
   * @param rows One for each nonce that was not there before.
   * @throws Error where the database lacks the numbers that a verdict depends on.
   */
  recorded(batch: readonly Nonce[], rows: readonly Row[], alike: boolean): readonly Recorded[] {
    const [first] = rows
    if (first === undefined) return batch.map(() => SEEN)
    const floor = present('nonce_floor', first.floor)
    const version = present('credentials_mark', first.version)
    const added: Recorded = { verdict: 'new', version }
    const forgotten: Recorded = { verdict: 'forgotten', version, floor }
    const isAmong = rows.length === batch.length ? null : finder(rows, alike)
    return batch.map((each) => {
      if (isAmong !== null && !isAmong(each)) return SEEN
      return each.timestamp < floor ? forgotten : added
    })
  }

  #compile(size: number, alike: boolean): CompiledQuery {
    const placeholder = { ts: 0, credential: '', nonce: '' }
    return this.#db
      .insertInto('mac_nonces')
      .values(Array.from({ length: size }, () => placeholder))
      .onConflict((conflict) => conflict.doNothing())
      .returning([
        'nonce',
        ...(alike ? (['ts', 'credential'] as const) : []),
        state('nonce_floor').as('floor'),
        state('credentials_mark').as('version'),
      ])
      .compile()
  }
}

/** Tells which nonces of a batch the rows speak of: by their text alone where that will do. */
function finder(rows: readonly Row[], alike: boolean): (nonce: Nonce) => boolean {
  if (!alike) {
    const texts = new Set(rows.map(({ nonce }) => nonce))
    return ({ nonce }) => texts.has(nonce)
  }
  const all = new Set(rows.map(({ ts, credential, nonce }) => nonceName(ts, credential, nonce)))
  return ({ timestamp, credential, nonce }) => all.has(nonceName(timestamp, credential, nonce))
}

function state(name: StateName) {
  return sql<number>`(select value from mac_state where name = ${sql.lit(name)})`
}
