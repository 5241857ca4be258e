import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '../support/runner.ts'
import { block, ROOT } from './pages.ts'

/** The blocks of docs/compatibility.md in other languages, and the client that contains each of them. */
const CLIENTS = [
  ['rack_oauth2.rb', block('Rack::OAuth2::AccessToken::MAC.new(mac)')],
  ['oauth2.rb', block('OAuth2::MACToken.new(client, id, key')],
  ['oauthlib_auth.py', block('class MacAuth(')],
  ['requests_oauthlib_session.py', block('class DraftOneClient(')],
] as const

test.each(CLIENTS)('the page shows code of %s, which npm run test:foreign runs', (file, shown) => {
  const source = readFileSync(join(ROOT, 'test/foreign/clients', file), 'utf8')
  expect(shown.page).toBe('docs/compatibility.md')
  expect(source).toContain(`\n${shown.code}`)
})
