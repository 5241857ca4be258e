import type { Colors } from './colors.ts'

/** Lines of names and values, the values below each other. A value of `null` is left out. */
export function fieldLines(
  fields: readonly (readonly [name: string, value: string | null])[],
  { dim }: Colors,
): string[] {
  const width = Math.max(...fields.map(([name]) => name.length))
  return fields.flatMap(([name, value]) =>
    value === null ? [] : [`${dim(name.padEnd(width))}  ${value}`],
  )
}
