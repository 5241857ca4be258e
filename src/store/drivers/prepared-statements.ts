/**
 * How many statements are kept prepared. The library has about thirty, and one for each size of a
 * batch of nonces; all of them fit.
 */
const KEPT = 256

/** Keeps statements prepared, for Kysely's dialects, which prepare one for every query. */
export function keepPrepared<Statement>(
  prepare: (sql: string) => Statement,
): (sql: string) => Statement {
  const kept = new Map<string, Statement>()
  return (sql) => {
    const known = kept.get(sql)
    if (known !== undefined) return known
    const statement = prepare(sql)
    if (kept.size < KEPT) kept.set(sql, statement)
    return statement
  }
}
