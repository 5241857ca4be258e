import { Command, CommanderError } from 'commander'
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
  pruneCommand,
  resealCommand,
  doctorCommand,
  signCommand,
  fetchCommand,
  explainCommand,
]

/** Runs a command line; gives the status to end with. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitStatus> {
  try {
    await program(terminal).parseAsync(args, { from: 'user' })
    return terminal.status
  } catch (error) {
    // The parser has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const { status, code, message } = understand(error)
    terminal.complain(message, code)
    return status
  }
}

function program(terminal: Terminal): Command {
  const all = new Command(calledAs())
    .description('Signed HTTP requests: credentials, signing, and why a request was refused.')
    .version(version(), '-V, --version', 'prints the version')
    .option(
      '--database <database>',
      'a path or URL: mac.db, sqlite:mac.db, file:mac.db (default: MAC_DATABASE_URL, else mac.db)',
    )
    .option('--json', 'prints one JSON value, and errors as JSON on stderr')
    .helpCommand('help [command]', 'the same')
    .addHelpText(
      'after',
      [
        examples(
          ['withmac create ada', 'a credential for ada, and a curl line to try it'],
          ['withmac list', 'who has one'],
          ['withmac doctor', 'is the database as it should be?'],
          [
            'withmac doctor https://api.example.com/me --id 3f9c2a1be0d14c7fa6b2d9e1',
            'and that server?',
          ],
          [
            'withmac fetch http://localhost:3000/ --id 3f9c2a1be0d14c7fa6b2d9e1',
            'a signed request',
          ],
          ['withmac explain report.json', 'why was it refused?'],
        ),
        '',
        'Statuses:',
        ...STATUSES.map(([status, meaning]) => `  ${status}  ${meaning}`),
        '',
        'Colours: on a terminal alone; NO_COLOR=1 and FORCE_COLOR=1 are respected.',
      ].join('\n'),
    )
  for (const make of COMMANDS) all.addCommand(make(terminal))
  for (const each of [all, ...all.commands]) setUp(each, terminal)
  return all
}

/** How a command shows its help, and what it says of a wrong command line: one sentence. */
function setUp(command: Command, terminal: Terminal): void {
  const name = command.parent === null ? calledAs() : pasted(command.name())
  const { bold, cyan } = terminal.colors
  let complained = false
  command
    .helpOption('-h, --help', 'prints what it does, with examples')
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
      // The help, where no command is given, or help is wanted of one that is not there: in pieces.
      writeErr: (text) => {
        if (!terminal.json) process.stderr.write(text)
        else if (!complained) {
          complained = true
          const said = `no command is given that there is. "${name} --help" tells more.`
          terminal.complain(said, 'ERR_CLI_USAGE')
        }
      },
      outputError: (text) => {
        const sentence = text.trim().replace(/^error: /, '')
        const guess = /\n\(Did you mean (.*?)\?\)$/.exec(sentence)
        const fault = guess === null ? sentence : sentence.slice(0, guess.index)
        const meant = guess === null ? '.' : `: did you mean ${guess[1]}?`
        const said = `${fault.replace(/\.$/, '')}${meant} "${name} --help" tells more.`
        terminal.complain(said, 'ERR_CLI_USAGE')
      },
    })
}
