import { Command, CommanderError } from 'commander'
import { adminCommand } from './commands/admin.ts'
import { createCommand } from './commands/create.ts'
import { disableCommand, enableCommand } from './commands/disable.ts'
import { doctorCommand } from './commands/doctor.ts'
import { explainCommand } from './commands/explain.ts'
import { extendCommand } from './commands/extend.ts'
import { fetchCommand } from './commands/fetch.ts'
import { historyCommand } from './commands/history.ts'
import { initCommand } from './commands/init.ts'
import { listCommand } from './commands/list.ts'
import { pruneCommand } from './commands/prune.ts'
import { resealCommand } from './commands/reseal.ts'
import { deleteCommand, revokeCommand } from './commands/revoke.ts'
import { rotateCommand } from './commands/rotate.ts'
import { showCommand } from './commands/show.ts'
import { signCommand } from './commands/sign.ts'
import { updateCommand } from './commands/update.ts'
import { EXIT, type ExitStatus, STATUSES, understand } from './failure.ts'
import { calledAs, examples, pasted, version } from './help.ts'
import type { Terminal } from './terminal/terminal.ts'

const COMMANDS = [
  initCommand,
  createCommand,
  listCommand,
  showCommand,
  rotateCommand,
  extendCommand,
  updateCommand,
  disableCommand,
  enableCommand,
  revokeCommand,
  deleteCommand,
  historyCommand,
  adminCommand,
  pruneCommand,
  resealCommand,
  doctorCommand,
  signCommand,
  fetchCommand,
  explainCommand,
]

/** Runs a command line and returns the exit status. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitStatus> {
  try {
    await program(terminal).parseAsync(args, { from: 'user' })
    return terminal.status
  } catch (error) {
    // Commander has already printed the message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const { status, code, message } = understand(error)
    terminal.complain(message, code)
    return status
  }
}

function program(terminal: Terminal): Command {
  const all = new Command(calledAs())
    .description(
      'Signed HTTP requests: manage credentials, sign requests, find out why a request was rejected.',
    )
    .version(version(), '-V, --version', 'prints the version')
    .option(
      '--database <database>',
      'a path or URL: mac.db, sqlite:mac.db, file:mac.db, postgres://host/name (default: MAC_DATABASE_URL, otherwise mac.db)',
    )
    .option(
      '--nonces <url>',
      'where the servers keep nonces, if in Redis: redis://host (default: MAC_NONCES_URL, otherwise the database)',
    )
    .option('--nonce-key-prefix <prefix>', 'the start of the keys in Redis (default: withmac)')
    .option('--json', 'prints one JSON value; errors are JSON on stderr')
    .helpCommand('help [command]', 'prints the help of a command')
    .addHelpText(
      'after',
      [
        examples(
          ['withmac create ada', 'a credential for ada, and a curl line to try it'],
          ['withmac list', 'all credentials'],
          ['withmac admin', 'a page to manage them, on this machine'],
          ['withmac doctor', 'checks the database'],
          [
            'withmac doctor https://api.example.com/me --id 3f9c2a1be0d14c7fa6b2d9e1',
            'checks a server',
          ],
          [
            'withmac fetch http://localhost:3000/ --id 3f9c2a1be0d14c7fa6b2d9e1',
            'sends a signed request',
          ],
          ['withmac explain report.json', 'why was this request rejected?'],
        ),
        '',
        'Exit status:',
        ...STATUSES.map(([status, meaning]) => `  ${status}  ${meaning}`),
        '',
        'Colors: only on a terminal. NO_COLOR=1 turns them off, FORCE_COLOR=1 turns them on.',
      ].join('\n'),
    )
  for (const make of COMMANDS) all.addCommand(make(terminal))
  for (const each of [all, ...all.commands]) setUp(each, terminal)
  return all
}

/** Sets how a command prints its help, and makes a usage error one sentence. */
function setUp(command: Command, terminal: Terminal): void {
  const name = command.parent === null ? calledAs() : pasted(command.name())
  const { bold, cyan } = terminal.colors
  let complained = false
  command
    .helpOption('-h, --help', 'prints this help')
    .exitOverride()
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: bold,
      styleCommandText: cyan,
      styleSubcommandText: cyan,
      styleOptionText: cyan,
      styleArgumentText: cyan,
    })
    .configureOutput({
      getOutHasColors: () => terminal.colors.isColorSupported,
      getErrHasColors: () => terminal.errorColors.isColorSupported,
      // The help, in pieces: if there is no command, or "help" is called with an unknown one.
      writeErr: (text) => {
        if (!terminal.json) process.stderr.write(text)
        else if (!complained) {
          complained = true
          const said = `the command is missing or unknown. For help: "${name} --help".`
          terminal.complain(said, 'ERR_CLI_USAGE')
        }
      },
      outputError: (text) => {
        const sentence = text.trim().replace(/^error: /, '')
        const guess = /\n\(Did you mean (.*?)\?\)$/.exec(sentence)
        const fault = guess === null ? sentence : sentence.slice(0, guess.index)
        const meant = guess === null ? '.' : `: did you mean ${guess[1]}?`
        const said = `${fault.replace(/\.$/, '')}${meant} For help: "${name} --help".`
        terminal.complain(said, 'ERR_CLI_USAGE')
      },
    })
}
