import type { Explanation } from '../explain/explanation.ts'
import { formatExplanation } from '../explain/format.ts'
import type { Colors } from './terminal/colors.ts'
import { wrap } from './terminal/width.ts'

/** An explanation for a terminal: the verdict and what differs stand out. */
export function explanationLines(
  explanation: Explanation,
  colors: Colors,
  columns: number | null,
): string[] {
  const { bold, green, red } = colors
  const [first = '', ...rest] = formatExplanation(explanation).trimEnd().split('\n')
  const sentence = wrap(first, columns, 0)
  const verdict = explanation.ok ? green(sentence) : bold(sentence)
  return [verdict, ...rest.map((line) => (line.endsWith('<- differs') ? red(line) : line))]
}
