import { Command, Option } from 'commander'
import type { CredentialChanges } from '../../credentials/change.ts'
import type { Credential } from '../../credentials/credential.ts'
import { plain } from '../../protocol/text.ts'
import { credentialJson, showRateLimit, showScopes } from '../credential-text.ts'
import { existingPlace, found, withMacOf } from '../database.ts'
import { misuse } from '../failure.ts'
import { examples } from '../help.ts'
import { readRateLimit, readScopes } from '../scopes-and-limit.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { fieldLines } from '../terminal/text.ts'

interface UpdateOptions {
  readonly database?: string
  readonly label?: string | false
  readonly scope?: readonly string[]
  /** Commander's: `--no-scopes` makes it false. */
  readonly scopes: boolean
  readonly rateLimit?: string | false
}

export function updateCommand(terminal: Terminal): Command {
  return new Command('update')
    .summary('changes label, scopes or rate limit')
    .description(
      'Changes label, scopes or rate limit of a credential, from its next request on. What is not named stays as it is.',
    )
    .argument('<id>', 'its key identifier')
    .option('--label <text>', 'a note for people')
    .option('--no-label', 'takes the label away')
    .option('--scope <scope...>', 'all that it may be used for, in place of what it may now')
    .addOption(new Option('--no-scopes', 'takes all scopes away').conflicts('scope'))
    .option('--rate-limit <limit>', 'a limit of its own: 100/1m is 100 requests in a minute')
    .option('--no-rate-limit', 'takes it away: then it has the same as all')
    .addHelpText(
      'after',
      examples(
        [
          'withmac update 3f9c2a1be0d14c7fa6b2d9e1 --label "the laptop in the kitchen"',
          'a note for people',
        ],
        [
          'withmac update 3f9c2a1be0d14c7fa6b2d9e1 --scope orders:read orders:write',
          'these two and no other',
        ],
        ['withmac update 3f9c2a1be0d14c7fa6b2d9e1 --rate-limit 10/1s --no-scopes', 'ten a second'],
      ),
    )
    .action(async (id: string, _, command: Command) => {
      const options = command.optsWithGlobals<UpdateOptions>()
      const changes = readChanges(options)
      const place = existingPlace(options.database)
      // Imported when it is needed: it brings Zod along.
      const { readChanges: check } = await import('../../credentials/change.ts')
      check(changes)
      const [before, after] = await withMacOf(place, async (mac) => [
        await found(mac, id, place),
        await mac.updateCredential(id, changes),
      ])
      terminal.give(credentialJson(after, new Date()), () => {
        const whose = `${plain(id)} of ${plain(after.user)}`
        const fields = changedFields(before, after)
        if (fields.length === 0) return [`${whose} is so already: nothing was changed.`]
        const { colors } = terminal
        return [`${colors.green('changed')} ${whose}`, '', ...fieldLines(fields, colors)]
      })
    })
}

function readChanges({ label, scope, scopes, rateLimit }: UpdateOptions): CredentialChanges {
  if (label === undefined && scope === undefined && scopes && rateLimit === undefined) {
    throw misuse(
      'there is nothing to change: add --label, --scope or --rate-limit, or one of them with --no.',
    )
  }
  return {
    label: label === false ? null : label,
    scopes: scopes ? scope && readScopes(scope) : [],
    rateLimit:
      typeof rateLimit === 'string'
        ? readRateLimit(rateLimit)
        : rateLimit === false
          ? null
          : undefined,
  }
}

/** What is otherwise now, with what it was before. */
function changedFields(before: Credential, after: Credential): [name: string, value: string][] {
  const shown = ({ label, scopes, rateLimit }: Credential) => [
    ['label', label === null ? 'none' : plain(label)] as const,
    ['scopes', showScopes(scopes)] as const,
    ['rate limit', showRateLimit(rateLimit)] as const,
  ]
  const was = shown(before)
  return shown(after).flatMap(([name, value], at) => {
    const earlier = was[at]?.[1]
    return earlier === value ? [] : [[name, `${value} (before: ${earlier})`]]
  })
}
