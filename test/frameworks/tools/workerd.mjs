import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Starts a Worker of the folder `workers` in Cloudflare's runtime.
 *
 * @param env The strings in its `env`.
 */
export async function startWorker(application, name, env = {}) {
  const file = application.path(`workers/built/${name}.capnp`)
  const bindings = Object.entries({ NODE_ENV: 'production', ...env }).map(
    ([key, value]) => `(name = "${key}", text = "${value}")`,
  )
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "network", network = (allow = ["private", "local", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "${name}.js")],
  compatibilityDate = "2026-11-01",
  globalOutbound = "network",
  bindings = [${bindings.join(', ')}],
);
`
  writeFileSync(file, config)
  const { default: workerd } = createRequire(application.path('package.json'))('workerd')
  const args = (port) => ['serve', `--socket-addr=http=127.0.0.1:${port}`, file]
  return application.start(args, {}, workerd)
}

/** Starts a PostgreSQL by the tools of the other tests. @returns Its URL, and a function that stops it. */
export async function startPostgres(bun) {
  const script = fileURLToPath(new URL('postgres.ts', import.meta.url))
  const child = spawn(bun, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.on('close', resolve))
  let url = ''
  child.stdout.setEncoding('utf8')
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    url += chunk
    if (url.endsWith('\n')) break
  }
  if (!url.startsWith('postgres://')) throw new Error('PostgreSQL did not start')
  return {
    url: url.trim(),
    async stop() {
      child.stdin.end()
      await ended
    },
  }
}
