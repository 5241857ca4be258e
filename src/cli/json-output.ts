import { plainJson } from '../protocol/plain-text.ts'

/** Whether JSON is wanted: what follows `--` are no options. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).includes('--json')
}

/** An error as `--json` has it on the error output, on a line of its own. */
export function errorJson(message: string, code: string): string {
  return `${plainJson({ error: { code, message } })}\n`
}
