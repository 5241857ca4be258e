import { plain } from '../../protocol/terminal-text.ts'
import { type Colors, wrap } from '../terminal/text.ts'

/** The result of one check. */
export interface Finding {
  /** `good`; `bad` must be fixed; `note` is neither, or could not be found out. */
  readonly state: 'good' | 'bad' | 'note'
  /** What was checked, in a word or two. */
  readonly subject: string
  /** The result in one sentence. */
  readonly text: string
  /** How to fix it. */
  readonly advice?: string
}

export function good(subject: string, text: string): Finding {
  return { state: 'good', subject, text }
}

export function bad(subject: string, text: string, advice: string): Finding {
  return { state: 'bad', subject, text, advice }
}

export function note(subject: string, text: string, advice?: string): Finding {
  return advice === undefined
    ? { state: 'note', subject, text }
    : { state: 'note', subject, text, advice }
}

/** The lines of a list of findings, with the verdict at the end. */
export function findingLines(
  findings: readonly Finding[],
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

function verdict(findings: readonly Finding[], { green, red }: Colors): string {
  const problems = findings.filter(({ state }) => state === 'bad').length
  if (problems === 0) return green('No problems found.')
  return red(problems === 1 ? 'One problem found.' : `${problems} problems found.`)
}
