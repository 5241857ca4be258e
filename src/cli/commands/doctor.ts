import { Command, InvalidArgumentError } from 'commander'
import type { Finding } from '../../doctor/finding.ts'
import { gather } from '../body.ts'
import { type CredentialOptions, signingCredential, takesCredential } from '../credential.ts'
import { NOBODY, signedCurl } from '../curl.ts'
import { demandEngine, existingPlace } from '../database.ts'
import { serverFindings } from '../doctor/server.ts'
import { findingLines, written } from '../doctor/written.ts'
import { EXIT } from '../failure.ts'
import { examples } from '../help.ts'
import { readAddress } from '../network.ts'
import { placeOf } from '../place.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface DoctorOptions extends CredentialOptions {
  readonly ext?: string
  readonly origin?: readonly string[]
  readonly copies: number
}

export function doctorCommand(terminal: Terminal): Command {
  const command = new Command('doctor')
    .summary('finds problems of a database or a server')
    .description(
      'Without a URL: checks the database, and changes nothing. With a URL: checks the server there. It sends GET requests with valid and invalid signatures; some of them reach the handler. It reports which origin the server uses, how far its clock is off, and whether replays are rejected.',
    )
    .argument('[url]', 'a protected URL of a running server, as clients call it')
    .option('--ext <text>', 'the ext that the server asks for')
    .option('--origin <origin>', 'an origin that the server may use (repeatable)', gather)
    .option(
      '--copies <count>',
      'how many replays are sent: more reach more replicas',
      readCopies,
      8,
    )
  return takesCredential(command)
    .addHelpText(
      'after',
      examples(
        ['withmac doctor', 'checks the database'],
        [
          'withmac doctor http://localhost:3000/ --id 3f9c2a1be0d14c7fa6b2d9e1',
          'checks a server that uses this database',
        ],
        ['withmac doctor https://api.example.com/me --credentials ada.json', 'checks any server'],
      ),
    )
    .action(async (address: string | undefined) => {
      const options = command.optsWithGlobals<DoctorOptions>()
      if (address === undefined) {
        // Whether PostgreSQL answers, and has the tables, is a finding.
        const place = placeOf(options)
        await demandEngine(place, true)
        if (place.file !== null) await existingPlace(options)
        // Loaded lazily, because it imports Kysely.
        const { databaseFindings } = await import('../../doctor/database.ts')
        const { source, nonces } = place
        return give(await databaseFindings(source, { nonces }), terminal)
      }
      const url = readAddress(address)
      const { ext = null, origin = [], copies } = options
      const origins = origin.map(readAddress)
      // A request that cannot be signed is rejected before a database is opened.
      signedCurl({ method: 'GET', url, ext }, NOBODY)
      const credential = await signingCredential(options, terminal)
      return give(await serverFindings(url, credential, { ext, origins, copies }), terminal)
    })
}

function readCopies(text: string): number {
  const count = Number(text)
  if (/^[0-9]+$/.test(text) && count >= 1 && count <= 1000) return count
  throw new InvalidArgumentError('It must be a number from 1 to 1000.')
}

function give(found: readonly Finding[], terminal: Terminal): void {
  const findings = found.map(written)
  const ok = findings.every(({ state }) => state !== 'bad')
  terminal.give({ ok, findings }, () => findingLines(findings, terminal.colors, terminal.columns))
  if (!ok) terminal.status = EXIT.no
}
