import { type AdvisedCommand, adviceText, type Finding } from '../../doctor/finding.ts'
import { plain } from '../../protocol/terminal-text.ts'
import { lineOn, pasted } from '../help.ts'
import { type Colors, wrap } from '../terminal/text.ts'

/** A finding whose advice is one text, with commands that can be pasted. */
export type WrittenFinding = Omit<Finding, 'advice'> & { readonly advice?: string }

/** Writes the advice of a finding. */
export function written({ advice, ...finding }: Finding): WrittenFinding {
  return advice === undefined ? finding : { ...finding, advice: adviceText(advice, commandText) }
}

function commandText({ command, id, options = '' }: AdvisedCommand): string {
  const words =
    id === undefined ? pasted(`${command} ${options}`.trim()) : lineOn(id, command, options)
  return `"${words}"`
}

/** The lines of a list of findings, with the verdict at the end. */
export function findingLines(
  findings: readonly WrittenFinding[],
  colors: Colors,
  columns: number | null,
): string[] {
  const marks = {
    good: colors.green('ok  '),
    bad: colors.bold(colors.red('BAD ')),
    note: colors.yellow('note'),
  }
  const width = Math.max(...findings.map(({ subject }) => subject.length))
  const indent = width + 8
  const lines = findings.flatMap(({ state, subject, text, advice }) => {
    const seen = wrap(plain(text), columns, indent)
    const first = `${marks[state]}  ${subject.padEnd(width)}  ${seen}`
    if (advice === undefined) return [first]
    const fix = wrap(plain(advice), columns, indent + 2)
    return [first, `${' '.repeat(indent)}${colors.bold('→')} ${fix}`]
  })
  return [...lines, '', verdict(findings, colors)]
}

function verdict(findings: readonly WrittenFinding[], { green, red }: Colors): string {
  const problems = findings.filter(({ state }) => state === 'bad').length
  if (problems === 0) return green('No problems found.')
  return red(problems === 1 ? 'One problem found.' : `${problems} problems found.`)
}
