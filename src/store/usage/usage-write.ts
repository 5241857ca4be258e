import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely'
import type { MacDatabase } from '../schema.ts'
import type { Steps } from '../steps.ts'
import { HOURS } from './usage.ts'
import type { Due } from './usage-tally.ts'

/** How many rows a statement takes: few sizes, so that all of them stay prepared. */
const SIZES = [64, 8, 1] as const

/** Makes a statement of its rows, each of which is written as so many question marks. */
type Statement = (rows: RawBuilder<unknown>) => RawBuilder<unknown>

/**
 * How much later than now a use may stand, in seconds: more than that was written by a clock that was
 * ahead. Clocks of several servers, and batches that wait, differ by less.
 */
const LATEST = 3600

/**
 * A use of a key with which the credential's requests would still be let in: one that was revoked,
 * say, in the meantime is found out only when the nonce is recorded.
 */
const writeUses: Statement = (rows) => sql`
  with given (credential, key_number, used) as (values ${rows})
  insert into mac_usage (credential, key_number, used)
  select credential, key_number, used from given where exists (
    select 1 from mac_credentials as known where known.id = given.credential
    and known.revoked is null and known.disabled is null
    and (known.expires is null or known.expires > given.used)
    and (known.key_number = given.key_number or
      (known.key_number = given.key_number + 1 and known.old_until > given.used)))
  on conflict (credential, key_number) do update set used = excluded.used
  where excluded.used > mac_usage.used or mac_usage.used > excluded.used + ${sql.lit(LATEST)}`

const addFailures: Statement = (rows) => sql`
  with given (credential, hour, count) as (values ${rows})
  insert into mac_failures (credential, hour, count)
  select credential, hour, count from given
  where exists (select 1 from mac_credentials where id = given.credential)
  on conflict (credential, hour) do update set count = mac_failures.count + excluded.count`

/** Of these credentials, up to these hours. */
const removeFailures: Statement = (rows) => sql`
  with given (credential, hour) as (values ${rows})
  delete from mac_failures where (credential, hour) in (
    select old.credential, old.hour from given
    join mac_failures as old on old.credential = given.credential and old.hour <= given.hour)`

/** The statements that write the use of credentials. */
export class UsageWrite {
  readonly #db: Kysely<MacDatabase>
  readonly #compiled = new Map<Statement, Map<number, CompiledQuery>>()

  /** @param db Compiles the statements; it does not run them. */
  constructor(db: Kysely<MacDatabase>) {
    this.#db = db
  }

  /** Writes what is due, of credentials that there are, and removes failures that are no longer told. */
  *write({ uses, failures }: Due): Steps<void> {
    yield* this.#all(
      writeUses,
      uses.map(({ credential, keyNumber, used }) => [credential, keyNumber, used]),
    )
    yield* this.#all(
      addFailures,
      failures.map(({ credential, hour, count }) => [credential, hour, count]),
    )
    // An hour more is left, for another server whose clock is behind.
    yield* this.#all(
      removeFailures,
      failures.map(({ credential, hour }) => [credential, hour - HOURS - 1]),
    )
  }

  *#all(statement: Statement, rows: readonly (readonly unknown[])[]): Steps<void> {
    let from = 0
    for (const size of SIZES) {
      for (; rows.length - from >= size; from += size) {
        const part = rows.slice(from, from + size)
        yield { ...this.#query(statement, size, part[0]?.length ?? 0), parameters: part.flat() }
      }
    }
  }

  /** Compiled once for each size. */
  #query(statement: Statement, size: number, columns: number): CompiledQuery {
    const sizes = this.#compiled.get(statement) ?? new Map<number, CompiledQuery>()
    const known = sizes.get(size)
    if (known !== undefined) return known
    const row = sql`(${sql.join(Array.from({ length: columns }, () => 0))})`
    const query = statement(sql.join(Array.from({ length: size }, () => row))).compile(this.#db)
    this.#compiled.set(statement, sizes.set(size, query))
    return query
  }
}
