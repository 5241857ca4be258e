import { Command, Option } from 'commander'
import type { CredentialChanges } from '../../credentials/change.ts'
import type { Credential } from '../../credentials/credential.ts'
import { plain } from '../../protocol/terminal-text.ts'
import { readRateLimit, readScopes } from '../credential.ts'
import { credentialJson, showRateLimit, showScopes } from '../credential-text.ts'
import { existingPlace, found, withMacOf } from '../database.ts'
import { misuse } from '../failure.ts'
import { examples } from '../help.ts'
import type { PlaceOptions } from '../place.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { fieldLines } from '../terminal/text.ts'

interface UpdateOptions extends PlaceOptions {
  readonly label?: string | false
  readonly scope?: readonly string[]
  /** Set by commander: `--no-scopes` makes it false. */
  readonly scopes: boolean
  readonly rateLimit?: string | false
}

export function updateCommand(terminal: Terminal): Command {
  return new Command('update')
    .summary('changes label, scopes or rate limit')
    .description(
      'Changes the label, the scopes or the rate limit of a credential, from its next request on. What you do not name stays unchanged.',
    )
    .argument('<id>', 'the key identifier')
    .option('--label <text>', 'a note for people')
    .option('--no-label', 'removes the label')
    .option('--scope <scope...>', 'replaces all scopes by these')
    .addOption(new Option('--no-scopes', 'removes all scopes').conflicts('scope'))
    .option('--rate-limit <limit>', 'its own limit: 100/1m is 100 requests per minute')
    .option('--no-rate-limit', "removes its own limit: then the server's limit applies")
    .addHelpText(
      'after',
      examples(
        [
          'withmac update 3f9c2a1be0d14c7fa6b2d9e1 --label "the laptop in the kitchen"',
          'a note for people',
        ],
        [
          'withmac update 3f9c2a1be0d14c7fa6b2d9e1 --scope orders:read orders:write',
          'exactly these two',
        ],
        [
          'withmac update 3f9c2a1be0d14c7fa6b2d9e1 --rate-limit 10/1s --no-scopes',
          '10 requests per second, no scopes',
        ],
      ),
    )
    .action(async (id: string, _, command: Command) => {
      const options = command.optsWithGlobals<UpdateOptions>()
      const changes = readChanges(options)
      const place = await existingPlace(options)
      // Loaded lazily, because it imports Zod.
      const { readChanges: check } = await import('../../credentials/change.ts')
      check(changes)
      const [before, after] = await withMacOf(place, async (mac) => [
        await found(mac, id, place),
        await mac.updateCredential(id, changes),
      ])
      terminal.give(credentialJson(after, new Date()), () => {
        const whose = `${plain(id)} of ${plain(after.user)}`
        const fields = changedFields(before, after)
        if (fields.length === 0) return [`${whose} already has these values; nothing changed.`]
        const { colors } = terminal
        return [`${colors.green('changed')} ${whose}`, '', ...fieldLines(fields, colors)]
      })
    })
}

function readChanges({ label, scope, scopes, rateLimit }: UpdateOptions): CredentialChanges {
  if (label === undefined && scope === undefined && scopes && rateLimit === undefined) {
    throw misuse(
      'there is nothing to change: add --label, --scope, --rate-limit, --no-label, --no-scopes or --no-rate-limit.',
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

/** The changed fields, each with its value before. */
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
