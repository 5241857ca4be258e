import { plain } from '../../protocol/text.ts'
import { type Colors, wrap } from '../terminal/text.ts'

/** What a check found. */
export interface Finding {
  /** `good`; `bad`, to be mended; `note`, neither, or it could not be told. */
  readonly state: 'good' | 'bad' | 'note'
  /** What was looked at, in a word or two. */
  readonly subject: string
  /** What was seen, in one sentence. */
  readonly text: string
  /** How to mend it. */
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

/** The lines of a list of findings, with the verdict at its end. */
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
    const mend = wrap(plain(advice), columns, indent + 2)
    return [first, `${' '.repeat(indent)}${colors.bold('→')} ${mend}`]
  })
  return [...lines, '', verdict(findings, colors)]
}

function verdict(findings: readonly Finding[], { green, red }: Colors): string {
  const faults = findings.filter(({ state }) => state === 'bad').length
  if (faults === 0) return green('No fault was found.')
  return red(faults === 1 ? 'One fault was found.' : `${faults} faults were found.`)
}
