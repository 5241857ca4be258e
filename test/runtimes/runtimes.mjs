/**
 * The runtimes that the library promises to run on. Versions are exact: what a runtime shows of a
 * request changes with them, and the suite holds that against what was measured.
 */

const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`

/** Node has no package of its own that installs a binary without a script: these hold just that. */
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
 * Without `node:sqlite`, better-sqlite3 must be there; 12 and later crash or fail to build there. One
 * Node that has both is enough: compiling takes a minute.
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

/** Whether npm must compile something with the headers of this very Node. */
export function compiles(runtime) {
  return 'better-sqlite3' in runtime.packages
}
