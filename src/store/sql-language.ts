import { type Kysely, type RawBuilder, sql } from 'kysely'
import { immediately, readCommitted, type Transaction } from './connection.ts'
import type { MacDatabase } from './schema.ts'

/** The languages of SQL that withmac writes. */
export type Language = 'sqlite' | 'postgres'

/** What differs between the two languages. All other statements are the same in both. */
export interface SqlLanguage {
  /** Runs a transaction that reads rows and then changes them. */
  readonly transaction: Transaction
  /**
   * Whether such a transaction must lock the rows that it reads (`for update`). In SQLite, it has the only
   * write lock from its start.
   */
  readonly locksRows: boolean
  /** Compares with a pattern. It ignores the case of ASCII letters, and of no others. */
  readonly like: 'like' | 'ilike'
  /** 52 random bits, as an expression. */
  readonly random: RawBuilder<number>
  /** Reads rows of columns from a JSON array, so that one statement works for any number of rows. */
  given(columns: Readonly<Record<string, 'text' | 'bigint'>>, json: string): RawBuilder<unknown>
}

const { lit, ref } = sql

const sqlite: SqlLanguage = {
  transaction: immediately,
  locksRows: false,
  like: 'like',
  random: sql`random() & ${lit(2 ** 52 - 1)}`,
  given(columns, json) {
    const each = Object.keys(columns).map(
      (name, at) => sql`json_extract(value, ${lit(`$[${at}]`)}) as ${ref(name)}`,
    )
    return sql`select ${sql.join(each)} from json_each(${json})`
  },
}

/** All transactions must sort texts in the same way, so that they lock rows in the same order. */
const COLLATION = { text: sql`collate "C"`, bigint: sql`` } as const

const postgres: SqlLanguage = {
  transaction: readCommitted,
  locksRows: true,
  // The columns have the collation "C", with which only ASCII letters have a case.
  like: 'ilike',
  // The last 13 digits of a random UUID are all random.
  random: sql`('x' || right(replace(gen_random_uuid()::text, '-', ''), 13))::bit(52)::bigint`,
  given(columns, json) {
    const each = Object.entries(columns).map(
      ([name, type], at) =>
        sql`cast(value ->> ${lit(at)} as ${sql.raw(type)}) ${COLLATION[type]} as ${ref(name)}`,
    )
    return sql`select ${sql.join(each)} from json_array_elements(${json}::text::json) as rows (value)`
  },
}

export const SQL: Readonly<Record<Language, SqlLanguage>> = { sqlite, postgres }

/**
 * Returns the statement that draws a new version of the credentials: 52 random bits, not a counter. After a
 * restore from a backup and a change, a counter could have the same value as before, and a running process
 * would not notice the change.
 */
export function newVersion(language: Language): RawBuilder<unknown> {
  // SQLite keeps the text of a trigger that has this statement, so it must not change.
  return sql`update mac_state set value = ${SQL[language].random}
  where name = 'credentials_mark'`
}

/** Draws a new version. The triggers do that too, unless they were removed by hand. */
export async function drawVersion(db: Kysely<MacDatabase>, language: Language): Promise<void> {
  await newVersion(language).execute(db)
}
