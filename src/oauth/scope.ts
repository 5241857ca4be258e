import { isScopeList } from '../protocol/scopes.ts'
import type { TokenClient } from './client.ts'
import { TokenRefusal } from './refusal.ts'

/**
 * The scopes of the credential: those that the client asks for, as far as it may; what it gets by
 * default where it asks for none.
 *
 * @throws {@link TokenRefusal} `invalid_scope`
 */
export function grantedScopes(asked: string | undefined, client: TokenClient): readonly string[] {
  const { scopes: allowed = [], scopesByDefault = allowed } = client
  if (asked === undefined) return scopesByDefault
  if (!isScopeList(asked)) {
    throw new TokenRefusal('invalid_scope', 'The scope is no list of scopes with a space between.')
  }
  const scopes = [...new Set(asked.split(' '))]
  const refused = scopes.find((scope) => !allowed.includes(scope))
  if (refused === undefined) return scopes
  const shown = refused.slice(0, 100)
  throw new TokenRefusal('invalid_scope', `The client may not ask for the scope ${shown}.`)
}
