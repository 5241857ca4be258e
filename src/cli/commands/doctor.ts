import { Command, InvalidArgumentError } from 'commander'
import { gather } from '../body.ts'
import { type CredentialOptions, signingCredential, takesCredential } from '../credential.ts'
import { NOBODY, signedCurl } from '../curl.ts'
import { demandSqlite, existingPlace } from '../database.ts'
import { type Finding, findingLines } from '../doctor/finding.ts'
import { serverFindings } from '../doctor/server.ts'
import { EXIT } from '../failure.ts'
import { examples } from '../help.ts'
import { readAddress } from '../network.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface DoctorOptions extends CredentialOptions {
  readonly ext?: string
  readonly origin: readonly string[]
  readonly copies: number
}

export function doctorCommand(terminal: Terminal): Command {
  const command = new Command('doctor')
    .summary('looks for what is wrong: with the database, or with a server')
    .description(
      'Without a URL: checks the database, and changes nothing. With the URL of something that needs credentials: sends it GET requests, signed well and badly, some of which reach its handler. Says which origin it believes in, how its clock stands, and whether each copy is rejected.',
    )
    .argument('[url]', 'of a running server, as its clients call it')
    .option('--ext <text>', 'the ext that the server asks for')
    .option('--origin <origin>', 'an origin that it may believe in (repeatable)', gather, [])
    .option('--copies <count>', 'how often a copy is sent: more find more replicas', readCopies, 8)
  return takesCredential(command)
    .addHelpText(
      'after',
      examples(
        ['withmac doctor', 'the database'],
        [
          'withmac doctor http://localhost:3000/ --id 3f9c2a1be0d14c7fa6b2d9e1',
          'a server on this database',
        ],
        ['withmac doctor https://api.example.com/me --credentials ada.json', 'a server anywhere'],
      ),
    )
    .action(async (address: string | undefined) => {
      const options = command.optsWithGlobals<DoctorOptions>()
      if (address === undefined) {
        const place = existingPlace(options.database)
        await demandSqlite(place.driver)
        // Imported when it is needed: it brings Kysely along.
        const { databaseFindings } = await import('../doctor/database.ts')
        return give(await databaseFindings(place), terminal)
      }
      const url = readAddress(address)
      const { ext = null, copies } = options
      const origins = options.origin.map(readAddress)
      // What cannot be signed is said before a database is opened.
      signedCurl({ method: 'GET', url, ext }, NOBODY)
      const credential = await signingCredential(options, terminal)
      return give(await serverFindings(url, credential, { ext, origins, copies }), terminal)
    })
}

function readCopies(text: string): number {
  const count = Number(text)
  if (/^[0-9]+$/.test(text) && count >= 1 && count <= 1000) return count
  throw new InvalidArgumentError('It is no number from 1 to 1000.')
}

function give(findings: readonly Finding[], terminal: Terminal): void {
  const ok = findings.every(({ state }) => state !== 'bad')
  terminal.give({ ok, findings }, () => findingLines(findings, terminal.colors, terminal.columns))
  if (!ok) terminal.status = EXIT.no
}
