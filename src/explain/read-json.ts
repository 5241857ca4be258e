import { z } from 'zod'
import { compose, telling } from './compose.ts'
import type { SeenRequest } from './seen.ts'

const text = z.string().optional().catch(undefined)
const headers = z
  .union([
    z.record(
      z.string(),
      z.union([z.string(), z.array(z.string()), z.undefined()]).catch(undefined),
    ),
    z.array(z.tuple([z.string(), z.string()])),
  ])
  .optional()
  .catch(undefined)

/** A request as reports and logs write it. What is of another kind counts as absent. */
const shape = z.object({
  method: text,
  url: text,
  target: text,
  headers,
  authorization: text,
  host: text,
  receivedAt: z.number().optional().catch(undefined),
  code: text,
  reference: text,
  settings: z
    .object({
      origin: z
        .union([z.string(), z.array(z.string())])
        .optional()
        .catch(undefined),
      trustProxy: z
        .union([z.boolean(), z.enum(['forwarded', 'x-forwarded'])])
        .optional()
        .catch(undefined),
      windowSeconds: z.number().optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
})

/**
 * A report, or a line of a JSON log that holds one. `null` where the text is no JSON object.
 *
 * @throws TypeError that says what the object lacks.
 */
export function readJson(json: string): SeenRequest | null {
  if (!json.startsWith('{')) return null
  const object = parse(json)
  const inner = ['report', 'req', 'request'].map((name) => object[name]).find(isObject)
  const read = shape.parse(inner ?? object)
  const fields = { ...fieldsOf(read.headers) }
  if (read.authorization !== undefined) fields.authorization ??= read.authorization
  if (read.host !== undefined) fields.host ??= read.host
  const { method, url, receivedAt, code, target, reference, settings } = read
  const seen = compose('The JSON', { method, url, headers: fields, receivedAt, code, reference })
  return {
    ...seen,
    ...(target === undefined ? {} : { target }),
    ...(settings === undefined ? {} : { settings }),
  }
}

function parse(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json)
    if (isObject(value)) return value
  } catch (cause) {
    throw new TypeError(`The text starts as JSON and is none: ${(cause as Error).message}`, {
      cause,
    })
  }
  throw new TypeError('The JSON is no object.')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fieldsOf(given: z.infer<typeof headers>): Record<string, string> {
  const pairs = Array.isArray(given) ? given : Object.entries(given ?? {})
  const fields: Record<string, string> = {}
  for (const [name, value] of pairs) {
    if (value !== undefined)
      fields[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  }
  return telling(fields)
}
