import { config } from './this-runtime.mjs'

/** Which column of the file holds what was measured on which runtime and adapter. */
const COLUMNS = {
  'bun bun': 'bun',
  'deno deno': 'deno',
  'node-18 hono': 'hono18',
  'node-24 hono': 'hono',
  'node-24 srvx': 'srvx',
}

/** What was measured before of a request, or `null` where it was not. */
export function measured(adapter, { name, seen }) {
  const before = seen[COLUMNS[`${config.name} ${adapter}`]]
  // Answers to HEAD have no body, in which the measurement was told.
  if (before === undefined || name === 'M HEAD') return null
  if (before.status !== undefined) {
    const status = Number(before.status)
    return { status: Number.isNaN(status) ? before.status : status }
  }
  const { url, method, host, raw } = before
  const shown = { url, method, host: host ?? null }
  if (raw !== undefined) shown.raw = raw
  return Object.fromEntries(Object.entries(shown).map(([key, value]) => [key, unescaped(value)]))
}

/** Characters beyond ASCII stand as `\u{…}` in the file. */
function unescaped(value) {
  if (value === null) return null
  return value.replace(/\\u\{([0-9a-f]+)\}/g, (_, hex) => String.fromCodePoint(parseInt(hex, 16)))
}
