import { createInterface } from 'node:readline/promises'
import type { Credential } from '../credentials/credential.ts'
import { plain } from '../protocol/plain-text.ts'
import { statusText } from './credential-text.ts'
import { misuse } from './failure.ts'
import { showUse } from './terminal/moments.ts'
import type { Terminal } from './terminal/terminal.ts'

/**
 * Asks on a terminal whether something that cannot be taken back is to be done to a credential.
 *
 * @param verb What is done, such as `delete`.
 * @throws Failure where nobody can be asked: then it takes `--yes`.
 */
export async function isSure(
  verb: string,
  credential: Credential,
  terminal: Terminal,
): Promise<boolean> {
  if (!terminal.canAsk) {
    const why = terminal.json ? 'with --json nobody is asked' : 'there is no terminal to ask on'
    throw misuse(`${why}: add --yes to ${verb} it.`)
  }
  const { id, user } = credential
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  const now = new Date()
  const use = showUse(credential.lastUsed, now)
  const what = `${plain(id)} of ${plain(user)} (${statusText(credential, now)}; ${use})`
  const asked = `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${what}? [y/N] `
  // The end of the input, as Ctrl-D makes it, is no answer, and no consent.
  const ended = new Promise<string>((resolve) => asking.once('close', () => resolve('')))
  const answer = await Promise.race([asking.question(asked), ended])
  asking.close()
  return /^y(es)?$/i.test(answer.trim())
}
