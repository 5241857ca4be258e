import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import type { Credential } from '../../credentials/credential.ts'
import { showMoment, showUse } from '../../moments.ts'
import { plain } from '../../protocol/terminal-text.ts'
import { credentialJson, statusText } from '../credential-text.ts'
import { existingPlace, found, withMacOf } from '../database.ts'
import { EXIT, misuse } from '../failure.ts'
import { examples, lineOn } from '../help.ts'
import type { PlaceOptions } from '../place.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface RevokeOptions extends PlaceOptions {
  readonly yes?: boolean
}

export function revokeCommand(terminal: Terminal): Command {
  return new Command('revoke')
    .summary('revokes a credential forever')
    .description(
      'Revokes a credential. Its next request is rejected, also by servers that are already running. This cannot be undone ("withmac disable" can). The credential stays in the list. On a terminal it asks first; otherwise it needs --yes.',
    )
    .argument('<id>', 'the key identifier')
    .option('-y, --yes', 'does not ask')
    .addHelpText(
      'after',
      examples(
        ['withmac revoke 3f9c2a1be0d14c7fa6b2d9e1', 'asks first'],
        ['withmac revoke 3f9c2a1be0d14c7fa6b2d9e1 --yes', 'for scripts'],
      ),
    )
    .action(async (id: string, _, command: Command) => {
      const options = command.optsWithGlobals<RevokeOptions>()
      const { yes = false } = options
      const place = await existingPlace(options)
      await withMacOf(place, async (mac) => {
        const before = await found(mac, id, place)
        // A revoked credential stays revoked, so there is no question.
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
            return [`${whose} was already revoked ${showMoment(before.revoked)}; nothing changed.`]
          }
          return [`${terminal.colors.red('revoked')} ${whose}: its next request is rejected.`]
        })
      })
    })
}

interface DeleteOptions extends PlaceOptions {
  readonly yes?: boolean
}

export function deleteCommand(terminal: Terminal): Command {
  return new Command('delete')
    .summary('deletes a credential')
    .description(
      'Deletes a credential. Its history stays. To keep the credential in the list, revoke or disable it instead. On a terminal it asks first; otherwise it needs --yes.',
    )
    .argument('<id>', 'the key identifier')
    .option('-y, --yes', 'does not ask')
    .addHelpText(
      'after',
      examples(
        ['withmac delete 3f9c2a1be0d14c7fa6b2d9e1', 'asks first'],
        ['withmac delete 3f9c2a1be0d14c7fa6b2d9e1 --yes', 'for scripts'],
      ),
    )
    .action(async (id: string, _, command: Command) => {
      const options = command.optsWithGlobals<DeleteOptions>()
      const { yes = false } = options
      const place = await existingPlace(options)
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
            `${red('deleted')} ${whose}: its next request is rejected. It was ${showUse(credential.lastUsed, now)}.`,
            `Its history stays: ${cyan(lineOn(id, 'history'))}`,
          ]
        })
      })
    })
}

/**
 * Asks on the terminal whether to do something that cannot be undone.
 *
 * @param verb `revoke` or `delete`.
 * @throws Failure if there is no terminal to ask on: then `--yes` is needed.
 */
async function isSure(verb: string, credential: Credential, terminal: Terminal): Promise<boolean> {
  if (!terminal.canAsk) {
    const why = terminal.json ? '--json cannot ask' : 'there is no terminal to ask on'
    throw misuse(`${why}. To ${verb} it without a question, add --yes.`)
  }
  const { id, user } = credential
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  const now = new Date()
  const use = showUse(credential.lastUsed, now)
  const what = `${plain(id)} of ${plain(user)} (${statusText(credential, now)}; ${use})`
  const asked = `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${what}? [y/N] `
  // Ctrl-D closes the input without an answer: that counts as no.
  const ended = new Promise<string>((resolve) => asking.once('close', () => resolve('')))
  const answer = await Promise.race([asking.question(asked), ended])
  asking.close()
  return /^y(es)?$/i.test(answer.trim())
}
