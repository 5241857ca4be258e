import type { Mistake } from '../mistaken-code.ts'

/** Without these lines, PostgreSQL forgets nonces in a crash, and nothing rejects their copies. */
export const POSTGRES_WITHOUT_GUARD: readonly Mistake[] = [
  {
    name: 'a PostgreSQL that may have lost nonces does not raise the floor',
    file: 'store/postgres/nonce-tables.ts',
    right: 'if moved or (crashed and unsynced) then',
    wrong: 'if false then',
  },
]

/** Without these lines, an empty Redis accepts whatever comes. */
export const REDIS_WITHOUT_GUARD: readonly Mistake[] = [
  {
    name: 'a Redis that may have lost nonces does not raise the floor',
    file: 'store/redis/script.ts',
    right: 'if lost then floor = math.max(floor, now + ahead + 1) end',
    wrong: '',
  },
]
