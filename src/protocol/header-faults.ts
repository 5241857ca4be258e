import { MacError } from '../errors.ts'
import { nameCharacter } from './characters.ts'

/** The header follows no grammar. */
export function syntax(what: string): MacError {
  return new MacError('ERR_MAC_HEADER_SYNTAX', `The Authorization header is malformed: ${what}.`)
}

/** Two sets of credentials came, in one header field or in two. */
export function repeatedCredentials(): MacError {
  return new MacError(
    'ERR_MAC_CREDENTIALS_REPEATED',
    'More than one set of credentials was sent. Send one Authorization header with one set.',
  )
}

/** Another separator was used. */
export function semicolon(): MacError {
  return new MacError(
    'ERR_MAC_HEADER_SEPARATOR',
    'The parameters of the Authorization header are separated by ";": use commas.',
  )
}

/** A character stands where none of its kind may. */
export function character(header: string, at: number): MacError {
  const found = nameCharacter(header.slice(at, at + 1))
  return new MacError(
    'ERR_MAC_HEADER_CHARACTER',
    `The Authorization header holds ${found} at position ${at}, where it is not allowed.`,
  )
}
