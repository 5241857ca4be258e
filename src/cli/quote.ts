const SAFE = /^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:=@%+,-]*$/

/**
 * A text as one word for sh, bash, zsh and fish. Within single quotes nothing counts, save that fish
 * gives a backslash a meaning there: it is put outside of them, as the single quote itself is.
 */
export function quote(text: string): string {
  if (SAFE.test(text)) return text
  return `'${text.replace(/['\\]/g, (character) => `'\\${character}'`)}'`
}
