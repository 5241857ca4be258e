import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import type { Credential } from '../../credentials/credential.ts'
import { plain } from '../../protocol/text.ts'
import { credentialJson, statusText } from '../credential-text.ts'
import { existingPlace, found, withMacOf } from '../database.ts'
import { EXIT, misuse } from '../failure.ts'
import { examples, lineOn } from '../help.ts'
import { showMoment, showUse } from '../terminal/moments.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface RevokeOptions {
  readonly database?: string
  readonly yes?: boolean
}

export function revokeCommand(terminal: Terminal): Command {
  return new Command('revoke')
    .summary('makes a credential worthless')
    .description(
      'Makes a credential worthless from its next request on, also in servers that are running, after asking on a terminal. That cannot be taken back; "withmac disable" can. It stays in the list.',
    )
    .argument('<id>', 'its key identifier')
    .option('-y, --yes', 'revokes it without asking')
    .addHelpText(
      'after',
      examples(
        ['withmac revoke 3f9c2a1be0d14c7fa6b2d9e1', 'asks first: it cannot be taken back'],
        ['withmac revoke 3f9c2a1be0d14c7fa6b2d9e1 --yes', 'for scripts'],
      ),
    )
    .action(async (id: string, _, command: Command) => {
      const { database, yes = false } = command.optsWithGlobals<RevokeOptions>()
      const place = existingPlace(database)
      await withMacOf(place, async (mac) => {
        const before = await found(mac, id, place)
        // What is revoked already stays so: there is nothing to ask.
        if (before.revoked === null && !yes && !(await isSure('revoke', before, terminal))) {
          terminal.note('Nothing was revoked.')
          terminal.status = EXIT.no
          return
        }
        await mac.revokeCredential(id)
        const after = await found(mac, id, place)
        terminal.give(credentialJson(after, new Date()), () => {
          const whose = `${plain(id)} of ${plain(before.user)}`
          if (before.revoked !== null) {
            return [`${whose} was revoked before, ${showMoment(before.revoked)}; it stays so.`]
          }
          return [`${terminal.colors.red('revoked')} ${whose}: its next request is refused.`]
        })
      })
    })
}

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
        if (!yes && !(await isSure('delete', credential, terminal))) {
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

/**
 * Asks on a terminal whether something that cannot be taken back is to be done to a credential.
 *
 * @param verb What is done, such as `delete`.
 * @throws Failure where nobody can be asked: then it takes `--yes`.
 */
async function isSure(verb: string, credential: Credential, terminal: Terminal): Promise<boolean> {
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
