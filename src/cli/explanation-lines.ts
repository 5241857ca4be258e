import type { Explanation } from '../explain/explanation.ts'
import { formatExplanation } from '../explain/format.ts'
import type { Colors } from './terminal/colors.ts'

/** An explanation for a terminal: the verdict and what differs stand out. */
export function explanationLines(explanation: Explanation, colors: Colors): string[] {
  const { bold, green, red } = colors
  const [first = '', ...rest] = formatExplanation(explanation).trimEnd().split('\n')
  const verdict = explanation.ok ? green(first) : bold(first)
  return [verdict, ...rest.map((line) => (line.endsWith('<- differs') ? red(line) : line))]
}
