import type { CreateOptions, Mac } from '../../../src/index.ts'

/** A command for a server process. */
export type Action =
  | { readonly do: 'create'; readonly user: string; readonly options: CreateOptions }
  | { readonly do: 'revoke' | 'delete'; readonly id: string }
  | { readonly do: 'list' | 'prune' | 'stop' }
  | { readonly do: 'clock'; readonly seconds: number }

export type Command = Action & { readonly number: number }

/** The answer of a server process to a command. */
export type CommandAnswer =
  | { readonly number: number; readonly done: unknown }
  | { readonly number: number; readonly code: string; readonly message: string }

/** The outcome for the harness. `lost`: the process ended first. */
export type CommandOutcome =
  | { readonly done: unknown }
  | { readonly code: string; readonly message: string }
  | 'lost'
  | 'timeout'

/** A credential in the answer to the command `list`. */
export interface ListedCredential {
  readonly id: string
  readonly user: string
  readonly revoked: boolean
}

export async function runCommand(
  command: Command,
  mac: Mac,
  state: { clock: number },
): Promise<CommandAnswer> {
  const { number } = command
  try {
    return { number, done: (await run(command, mac, state)) ?? null }
  } catch (error) {
    const { code = 'none', message } = error as { code?: string; message: string }
    return { number, code, message }
  }
}

async function run(action: Action, mac: Mac, state: { clock: number }): Promise<unknown> {
  switch (action.do) {
    case 'create':
      return (await mac.createCredential(action.user, action.options)).id
    case 'revoke':
      return mac.revokeCredential(action.id)
    case 'delete':
      return mac.deleteCredential(action.id)
    case 'list':
      return (await mac.listCredentials()).map(
        ({ id, user, revoked }): ListedCredential => ({ id, user, revoked: revoked !== null }),
      )
    case 'prune':
      return mac.prune()
    case 'clock':
      state.clock = action.seconds
      return null
    case 'stop':
      return null
  }
}
