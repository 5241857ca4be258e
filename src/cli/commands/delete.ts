import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import type { Credential } from '../../credentials/credential.ts'
import { credentialJson, standingText } from '../credential-text.ts'
import { existingPlace, withMacOf } from '../database.ts'
import { EXIT } from '../exit-status.ts'
import { misuse } from '../failure.ts'
import { examples } from '../help.ts'
import { lineOn } from '../quote.ts'
import { showUse } from '../terminal/moments.ts'
import { plain } from '../terminal/plain.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { found } from './found.ts'

interface DeleteOptions {
  readonly database?: string
  readonly yes?: boolean
}

export function deleteCommand(terminal: Terminal): Command {
  return new Command('delete')
    .summary('removes a credential')
    .description(
      'Removes a credential, after asking on a terminal. A row of the history stays. One that is revoked or disabled instead stays in the list.',
    )
    .argument('<id>', 'its key identifier')
    .option('-y, --yes', 'removes it without asking')
    .addHelpText(
      'after',
      examples(
        ['withmac delete 3f9c2a1be0d14c7fa6b2d9e1', 'asks first'],
        ['withmac delete 3f9c2a1be0d14c7fa6b2d9e1 --yes', 'for scripts'],
      ),
    )
    .action(async (id: string, _, command: Command) => {
      const { database, yes = false } = command.optsWithGlobals<DeleteOptions>()
      const place = existingPlace(database)
      await withMacOf(place, async (mac) => {
        const credential = await found(mac, id, place)
        if (!yes && !(await isSure(credential, terminal))) {
          terminal.note('Nothing was deleted.')
          terminal.status = EXIT.no
          return
        }
        await mac.deleteCredential(id)
        const now = new Date()
        terminal.give({ deleted: credentialJson(credential, now) }, () => {
          const { cyan, red } = terminal.colors
          const whose = `${plain(id)} of ${plain(credential.user)}`
          return [
            `${red('deleted')} ${whose}: its next request is refused. It was ${showUse(credential.lastUsed, now)}.`,
            `A row of the history stays: ${cyan(lineOn(id, 'history'))}`,
          ]
        })
      })
    })
}

async function isSure(credential: Credential, terminal: Terminal): Promise<boolean> {
  if (!terminal.canAsk) {
    const why = terminal.json ? 'with --json nobody is asked' : 'there is no terminal to ask on'
    throw misuse(`${why}: add --yes to delete it.`)
  }
  const { id, user } = credential
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  const now = new Date()
  const use = showUse(credential.lastUsed, now)
  const what = `${plain(id)} of ${plain(user)} (${standingText(credential, now)}; ${use})`
  // The end of the input, as Ctrl-D makes it, is no answer, and no consent.
  const ended = new Promise<string>((resolve) => asking.once('close', () => resolve('')))
  const answer = await Promise.race([asking.question(`Delete ${what}? [y/N] `), ended])
  asking.close()
  return /^y(es)?$/i.test(answer.trim())
}
