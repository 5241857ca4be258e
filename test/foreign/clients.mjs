import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DIGEST, DRAFT_00, REQUESTS, SMSGLOBAL_REQUESTS } from './requests.mjs'

const folder = fileURLToPath(new URL('clients', import.meta.url))

/** Debian's packages are there for Debian's Python and Ruby, not for others that come first in the path. */
const PYTHON = '/usr/bin/python3'
const RUBY = '/usr/bin/ruby'

/**
 * The clients, with the command that starts each of them, what it needs in the environment, and the requests
 * that it sends.
 */
export function foreignClients({ ruby, certificate }) {
  const script = (...start) => [...start.slice(0, -1), join(folder, start.at(-1)), certificate.cert]
  const env = { OAUTHLIB_INSECURE_TRANSPORT: '1' }
  const session = [...REQUESTS, DRAFT_00]
  return [
    { command: script(RUBY, '-W0', 'rack_oauth2.rb'), env: ruby, requests: [...REQUESTS, DIGEST] },
    { command: script(RUBY, '-W0', 'oauth2.rb'), env: ruby, requests: REQUESTS },
    { command: script(PYTHON, 'oauthlib_auth.py'), env, requests: REQUESTS },
    { command: script(PYTHON, 'requests_oauthlib_session.py'), env, requests: session },
    { command: script(process.execPath, 'smsglobal.cjs'), env: {}, requests: SMSGLOBAL_REQUESTS },
  ]
}
