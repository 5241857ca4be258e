import { z } from 'zod'
import { given, isOptions, listed, noOption } from './option-names.ts'

/** Options whose values are never shown, not even if they are wrong. */
const SECRET: ReadonlySet<unknown> = new Set([
  ...['id', 'key', 'sealingKey', 'clientSecret'],
  // These may hold a password.
  ...['database', 'nonces', 'store'],
])

/** The result of a schema for an object of options. */
type Read<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape, z.core.$strict>>

/** Returns a schema for an object of options. Other names are an error that lists the known ones. */
export function optionsOf<Shape extends z.ZodRawShape>(
  shape: Shape,
): z.ZodType<Read<Shape>, unknown> {
  const names = Object.keys(shape)
  const error = (issue: z.core.$ZodRawIssue): string | undefined => {
    if (issue.code === 'invalid_type') return `takes { ${names.join(', ')} }`
    if (issue.code !== 'unrecognized_keys') return undefined
    return issue.keys.map((name) => noOption(name, names)).join('; ')
  }
  // A Map, a Date or a Request is an object too, but has no options that could be read.
  const plain = (value: unknown) => (typeof value === 'object' && !isOptions(value) ? null : value)
  return z.preprocess(plain, z.strictObject(shape, { error }))
}

/** Turns a function that throws on a wrong value into a check: its message becomes that of the check. */
export function checked<In, Out>(
  read: (value: In) => Out,
): (value: In, context: z.RefinementCtx) => Out {
  return (value: In, context: z.RefinementCtx): Out => {
    try {
      return read(value)
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : '' })
      return z.NEVER
    }
  }
}

/**
 * Checks options.
 * @throws TypeError that names each option that is wrong.
 */
export function readOptions<Schema extends z.ZodType>(
  schema: Schema,
  options: unknown,
  who: string,
): z.output<Schema> {
  return readBy(schema, options, (faults) => {
    const all = faults.map(({ place, fault }) => (place === '' ? fault : `${place}: ${fault}`))
    return `wrong options for ${who}: ${all.join('; ')}`
  })
}

/** What is wrong in a value, and at which place. */
export interface Fault {
  /** Names with dots between them; empty for the value as a whole. */
  readonly place: string
  readonly fault: string
}

/**
 * Reads a value by a schema.
 * @param complain Words what is wrong.
 * @throws TypeError
 */
export function readBy<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  complain: (faults: readonly Fault[]) => string,
): z.output<Schema> {
  const result = schema.safeParse(value, { error: plainMessage })
  if (result.success) return result.data
  throw new TypeError(`withmac: ${complain(faultsOf(result.error.issues, value))}`)
}

/** Adds to each message what was given. */
function faultsOf(issues: readonly z.core.$ZodIssue[], root: unknown): Fault[] {
  return issues.flatMap((issue) => {
    const { path } = issue
    const value = path.reduce<unknown>(
      (outer, name) => (outer as Record<PropertyKey, unknown> | null | undefined)?.[name],
      root,
    )
    const inner = issue.code === 'invalid_union' && isOptions(value) ? objectOf(issue) : null
    if (inner !== null) {
      const deeper = inner.map((each) => ({ ...each, path: [...path, ...each.path] }))
      return faultsOf(deeper, root)
    }
    const isSecret = path.some((name) => SECRET.has(name))
    const fault = worded(issue.message, path.at(-1), given(value, isSecret))
    return [{ place: path.join('.'), fault }]
  })
}

function worded(message: string, name: PropertyKey | undefined, shown: string): string {
  if (message.startsWith('takes ')) {
    // As in "failures takes { requests, seconds }".
    const what = name === undefined ? 'must be an object of options' : `${String(name)} ${message}`
    return `${what}, not ${shown}`
  }
  const isRule = message.startsWith('must be ') && !/, not |: /.test(message)
  return isRule ? `${message}, not ${shown}` : message
}

/** If an option may be an object or something else: returns what is wrong with the object. */
function objectOf({ errors }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | null {
  const isOther = ({ code, path }: z.core.$ZodIssue) =>
    path.length === 0 && code.startsWith('invalid_')
  return errors.find((issues) => !issues.some(isOther)) ?? null
}

/** Returns the messages of checks that have none of their own. */
function plainMessage(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[issue.expected] ?? `of the type ${issue.expected}`}`
    case 'invalid_value':
      return `must be ${listed(
        issue.values.map((value) => given(value)),
        'or',
      )}`
    case 'too_small':
      return bound(issue.origin, 'least', issue.minimum)
    case 'too_big':
      return bound(issue.origin, 'most', issue.maximum)
    default:
      return undefined
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  date: 'a Date',
}

function bound(origin: string, which: 'least' | 'most', limit: number | bigint): string {
  if (origin === 'string' && limit === 1 && which === 'least') return 'must not be empty'
  if (origin === 'string') return `must have at ${which} ${limit} characters`
  if (origin === 'array') return `must have at ${which} ${limit} elements`
  return `must be at ${which} ${limit}`
}
