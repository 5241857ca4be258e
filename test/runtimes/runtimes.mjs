/**
 * The runtimes that the library supports. Versions are exact, because what a runtime shows of a request
 * changes with them, and the suite compares it with measurements.
 */

const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`

/** The official package of Node installs its binary by a script. This package contains the binary itself. */
const nodePackage = `node-${platform}`

function node(version, { hono, ...packages }) {
  const name = `node-${version.split('.')[0]}`
  return {
    name,
    title: `Node ${version}`,
    binary: `node_modules/${nodePackage}/bin/node`,
    run: [],
    packages: { [nodePackage]: version, '@hono/node-server': hono, ...packages },
  }
}

/**
 * Versions without `node:sqlite` need better-sqlite3, of which 12 and later crash or do not compile there.
 * One Node has both. More are not needed, because compiling takes a minute.
 */
export const native = { 'better-sqlite3': '11.10.0' }

export const RUNTIMES = [
  {
    name: 'bun',
    title: 'Bun 1.4.5',
    binary: 'node_modules/bun/bin/bun.exe',
    run: [],
    packages: { bun: '1.4.5' },
  },
  {
    name: 'deno',
    title: 'Deno 2.9.6',
    binary: 'node_modules/deno/deno',
    run: ['run', '--no-prompt', '--allow-all'],
    packages: { deno: '2.9.6' },
  },
  node('18.20.8', { hono: '1.19.19', ...native }),
  node('20.20.2', { hono: '2.1.9', srvx: '1.0.8', ...native }),
  node('22.23.3', { hono: '2.1.9', srvx: '1.0.8' }),
  node('24.21.0', { hono: '2.1.9', srvx: '1.0.8', ...native }),
  node('26.10.0', { hono: '2.1.9', srvx: '1.0.8' }),
]

/** @returns Whether npm must compile a module with the headers of this Node. */
export function compiles(runtime) {
  return 'better-sqlite3' in runtime.packages
}
