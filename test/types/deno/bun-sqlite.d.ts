/** The library names this module's type, which Deno does not have, and loads it on Bun alone. */
declare module 'bun:sqlite'
