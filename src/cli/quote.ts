import { plain } from '../protocol/plain-text.ts'
import { pasted } from './called-as.ts'

const SAFE = /^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:=@%+,-]*$/

/**
 * A text as one word for sh, bash, zsh and fish. Within single quotes nothing counts, save that fish
 * gives a backslash a meaning there: it is put outside of them, as the single quote itself is.
 */
export function quote(text: string): string {
  if (SAFE.test(text)) return text
  return `'${text.replace(/['\\]/g, (character) => `'\\${character}'`)}'`
}

/**
 * A command of withmac on a credential, as it can be pasted. An identifier may begin as an option does:
 * then the options come first, and their end is marked. It is one line, whatever the identifier holds.
 */
export function lineOn(id: string, command: string, options = ''): string {
  const words = id.startsWith('-')
    ? [command, options, '--', quote(id)]
    : [command, quote(id), options]
  return plain(pasted(words.filter((word) => word !== '').join(' ')))
}
