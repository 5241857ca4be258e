import { fileURLToPath } from 'node:url'
import { start } from './process.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** What rack-oauth2's server answers to a wrong key, a changed target, a request, and the same once more. */
const CONTROLS = [401, 401, 200, 200]

/**
 * Lets `withmac/client` send requests from each runtime to the server of rack-oauth2. Throws unless all pass,
 * a wrong key and a changed target are rejected, and a replay is not, because that server keeps no nonces.
 *
 * @returns The sentence for the page.
 */
export async function sendToRack({ servers, credentials, ruby }) {
  const known = JSON.stringify(credentials)
  const server = start(['/usr/bin/ruby', '-W0', `${folder}servers/rack_oauth2.rb`, known], {
    env: ruby,
  })
  const { port, name, version, with: over } = await server.next()
  const config = JSON.stringify({ url: `http://127.0.0.1:${port}`, credentials })
  const commands = new Map(servers.map(({ title, command }) => [title, command]))
  const counts = new Set()
  for (const [title, command] of commands) {
    const client = start([...command, `${folder}clients/withmac.mjs`, config], { cwd: folder })
    const { passed, failures, controls } = await client.next()
    if (failures.length > 0 || String(controls) !== String(CONTROLS)) {
      throw new Error(`withmac/client on ${title}: ${controls}\n${failures.join('\n')}`)
    }
    counts.add(passed)
    console.log(
      `withmac/client on ${title} to ${name} ${version} (${over}): ${passed} passed, 0 failed; ` +
        'a wrong key and a changed target rejected, a replay not',
    )
  }
  server.stop()
  return `All ${[...counts].join(', ')} requests pass, from Bun, Deno and Node. A wrong key and a changed target are rejected.`
}
