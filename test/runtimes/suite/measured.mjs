import { config } from './this-runtime.mjs'

/** The column of the file with the measurements for each runtime and adapter. */
const COLUMNS = {
  'bun bun': 'bun',
  'deno deno': 'deno',
  'node-18 hono': 'hono18',
  'node-24 hono': 'hono',
  'node-24 srvx': 'srvx',
}

/** @returns The earlier measurement for a request, or `null` if there is none. */
export function measured(adapter, { name, seen }) {
  const before = seen[COLUMNS[`${config.name} ${adapter}`]]
  // The measurement was in the body, which answers to HEAD do not have.
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

/** Decodes `\u{…}`, which stands for characters outside ASCII in the file. */
function unescaped(value) {
  if (value === null) return null
  return value.replace(/\\u\{([0-9a-f]+)\}/g, (_, hex) => String.fromCodePoint(parseInt(hex, 16)))
}
