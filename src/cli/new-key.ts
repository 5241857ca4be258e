import type { NewCredential } from '../credentials/credential.ts'
import { plain } from '../protocol/plain-text.ts'
import { pasted } from './called-as.ts'
import { credentialLines } from './credential-text.ts'
import { curlAdvice } from './curl.ts'
import { quote } from './quote.ts'
import type { Colors } from './terminal/colors.ts'

/** A credential and its key, shown this once, or the file that holds it. */
export function newKeyLines(
  { key, ...credential }: NewCredential,
  save: string | null,
  now: Date,
  colors: Colors,
): string[] {
  const { bold, yellow } = colors
  if (save !== null) {
    const kept = `The key is in ${bold(plain(save))}, which only you can read.`
    return [...credentialLines(credential, now, colors), kept]
  }
  return [
    ...credentialLines(credential, now, colors, [['key', yellow(bold(key))]]),
    'The key is shown this once: keep it now.',
  ]
}

/** A request that was signed with a new key, and how to sign more. */
export interface Trial {
  readonly id: string
  readonly save: string | null
  readonly url: string
  readonly curl: string
}

/** What to paste to try a new key. */
export function trialLines({ id, save, url, curl }: Trial, { cyan }: Colors): string[] {
  const signer = save === null ? `--id ${quote(id)}` : `--credentials ${quote(save)}`
  const advice = curlAdvice()
  return [
    'Try it, within five minutes. Pasted a second time it is refused, as a replay:',
    '',
    `  ${cyan(plain(curl))}`,
    '',
    ...(advice === null ? [] : [advice, '']),
    'Signed anew each time:',
    '',
    `  ${cyan(plain(pasted(`fetch ${signer} ${quote(url)}`)))}`,
  ]
}
