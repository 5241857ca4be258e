import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { command } from '../runtimes/setup/command.mjs'

/**
 * Starts a package registry on this machine. It has one package, as if it were published. For all other
 * packages it redirects to the registry of npm's configuration.
 */
export async function registryOf(
  tarball,
  { name, version, dependencies, bundleDependencies, bin },
) {
  const next = new URL((await command('npm', ['config', 'get', 'registry'])).trim())
  const content = readFileSync(tarball)
  const integrity = `sha512-${createHash('sha512').update(content).digest('base64')}`
  const asked = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    const origin = `http://${request.headers.host}`
    if (request.url === `/${name}`) {
      const dist = { tarball: `${origin}/${name}/-/${name}.tgz`, integrity }
      const versions = { [version]: { name, version, dependencies, bundleDependencies, bin, dist } }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
    } else if (request.url === `/${name}/-/${name}.tgz`) response.end(content)
    else response.writeHead(302, { location: new URL(`.${request.url}`, next).href }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    asked,
    close: () => server.close(),
  }
}
