import { given } from '../setup/run-on.ts'
import { handlerOf } from './handler.ts'
import { listenWithHawk } from './hawk-server.ts'
import type { ServerSettings } from './kinds.ts'
import { listen } from './listen.ts'

// A server of one kind. It prints its port, and runs until it is killed.

const settings = given<ServerSettings>()
const port =
  settings.kind === 'hawk' ? await listenWithHawk() : await listen(await handlerOf(settings))
process.stdout.write(`${port}\n`)
