import type { Colors } from './colors.ts'

/** A name and a value, which is left out where it is `null`. */
export type Field = readonly [name: string, value: string | null]

/** Lines of names and values, the values below each other. */
export function fieldLines(fields: readonly Field[], { dim }: Colors): string[] {
  const there = fields.filter(([, value]) => value !== null)
  const width = Math.max(...there.map(([name]) => name.length))
  return there.map(([name, value]) => `${dim(name.padEnd(width))}  ${value}`)
}
