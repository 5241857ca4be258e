/** The result of one check. */
export interface Finding {
  /** `good`; `bad` must be fixed; `note` is neither, or could not be found out. */
  readonly state: 'good' | 'bad' | 'note'
  /** What was checked, in a word or two. */
  readonly subject: string
  /** The result in one sentence. */
  readonly text: string
  /** How to fix it: texts, and commands between them. */
  readonly advice?: Advice
}

export type Advice = readonly (string | AdvisedCommand)[]

/** A command to run. The command line shows it ready to paste; a page may link to what does the same. */
export interface AdvisedCommand {
  /** The name of the command, such as `extend`. */
  readonly command: string
  /** The credential that it is for. */
  readonly id?: string
  /** What follows, such as `--expires 90d`. */
  readonly options?: string
}

export function good(subject: string, text: string): Finding {
  return { state: 'good', subject, text }
}

export function bad(subject: string, text: string, ...advice: Advice): Finding {
  return { state: 'bad', subject, text, advice }
}

export function note(subject: string, text: string, ...advice: Advice): Finding {
  return advice.length === 0
    ? { state: 'note', subject, text }
    : { state: 'note', subject, text, advice }
}

/**
 * Writes an advice as one text.
 * @param show Writes a command. By default it does *not* write the identifier, which would need the quotes of
 *   a shell.
 */
export function adviceText(
  advice: Advice,
  show: (advised: AdvisedCommand) => string = shown,
): string {
  return advice.map((part) => (typeof part === 'string' ? part : show(part))).join('')
}

function shown({ command, id, options = '' }: AdvisedCommand): string {
  const words = ['withmac', command, id === undefined ? '' : 'ID', options]
  return `"${words.filter((word) => word !== '').join(' ')}"`
}
