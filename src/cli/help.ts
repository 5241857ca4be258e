/** The examples of a command, for the end of its help. */
export function examples(...lines: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length))
  const shown = lines.map(([command, what]) => `  $ ${command.padEnd(width)}  # ${what}`)
  return ['', 'Examples:', ...shown].join('\n')
}
