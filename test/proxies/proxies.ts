import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** How a proxy is configured. */
export interface SetUp {
  readonly name: string
  /** A file in `docs/examples/proxies` or `test/proxies/setups`. */
  readonly file: string
  /** Whether it is an example of the documentation, which must have none of the usual faults. */
  readonly isExample: boolean
  /** Whether it cuts off the prefix `/api`. */
  readonly cutsPrefix: boolean
}

/** A proxy of Debian. */
export interface Proxy {
  readonly name: string
  /** The command that prints its version. */
  readonly version: readonly [string, ...string[]]
  readonly setUps: readonly SetUp[]
  /** Writes what the configuration needs around it, and returns the commands to start. */
  readonly commands: (files: Files) => readonly (readonly [string, ...string[]])[]
}

/** The files of one set-up. */
interface Files {
  /** The configuration, with the paths of this machine. */
  readonly config: string
  /** An empty folder. */
  readonly folder: string
  /** Writes a file into the folder, and returns its path. */
  readonly write: (name: string, text: string) => string
}

const PORTS = [80, 443, 8443]
const EXAMPLES = 'docs/examples/proxies'
const SETUPS = 'test/proxies/setups'

const bare = (file: string): SetUp => setUp('as it comes', `${SETUPS}/${file}`)
const usual = (file: string): SetUp => setUp('as usual', `${SETUPS}/${file}`)
const barePrefix = (file: string): SetUp => setUp('as it comes', `${SETUPS}/${file}`, false, true)
const usualPrefix = (file: string): SetUp => setUp('as usual', `${SETUPS}/${file}`, false, true)
const ours = (file: string): SetUp => setUp(`[${file}]`, `${EXAMPLES}/${file}`, true)
const oursPrefix = (file: string): SetUp => setUp(`[${file}]`, `${EXAMPLES}/${file}`, true, true)

function setUp(name: string, file: string, isExample = false, cutsPrefix = false): SetUp {
  return { name, file, isExample, cutsPrefix }
}

export const PROXIES: readonly Proxy[] = [
  {
    name: 'nginx',
    version: ['nginx', '-v'],
    setUps: [
      bare('nginx-bare.conf'),
      usual('nginx-usual.conf'),
      setUp('with a path in `proxy_pass`', `${SETUPS}/nginx-path.conf`),
      ours('nginx.conf'),
      barePrefix('nginx-bare-prefix.conf'),
      usualPrefix('nginx-usual-prefix.conf'),
      oursPrefix('nginx-prefix.conf'),
    ],
    commands: ({ config, folder, write }) => {
      const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${folder}/${name};`,
      )
      const main = write(
        'main.conf',
        `daemon off;\nuser root;\npid ${folder}/pid;\nerror_log stderr;\nevents {}\n` +
          `http {\naccess_log off;\n${places.join('\n')}\ninclude ${config};\n}\n`,
      )
      return [['nginx', '-e', 'stderr', '-c', main]]
    },
  },
  {
    name: 'haproxy',
    version: ['haproxy', '-v'],
    setUps: [
      bare('haproxy-bare.cfg'),
      usual('haproxy-usual.cfg'),
      setUp('with `retry-on all-retryable-errors`', `${SETUPS}/haproxy-retries.cfg`),
      ours('haproxy.cfg'),
      barePrefix('haproxy-bare-prefix.cfg'),
      usualPrefix('haproxy-usual-prefix.cfg'),
      oursPrefix('haproxy-prefix.cfg'),
    ],
    commands: ({ config, write }) => [haproxy(config, write)],
  },
  {
    name: 'Caddy',
    version: ['caddy', 'version'],
    setUps: [
      bare('caddy-bare.Caddyfile'),
      usual('caddy-usual.Caddyfile'),
      ours('Caddyfile'),
      barePrefix('caddy-bare-prefix.Caddyfile'),
      usualPrefix('caddy-usual-prefix.Caddyfile'),
      oursPrefix('Caddyfile-prefix'),
    ],
    commands: ({ config, write }) => {
      // The folder of the certificates of its own, and its port for administration, are not needed.
      const options = `{\n\tadmin off\n\tskip_install_trust\n}\n`
      const whole = write('Caddyfile', options + readFileSync(config, 'utf8'))
      return [['caddy', 'run', '--config', whole, '--adapter', 'caddyfile']]
    },
  },
  {
    name: 'Apache',
    version: ['apache2', '-v'],
    setUps: [
      bare('apache-bare.conf'),
      usual('apache-usual.conf'),
      ours('apache.conf'),
      barePrefix('apache-bare-prefix.conf'),
      usualPrefix('apache-usual-prefix.conf'),
      oursPrefix('apache-prefix.conf'),
    ],
    commands: ({ config, folder, write }) => {
      const modules =
        'mpm_event authz_core headers http2 lbmethod_byrequests macro proxy proxy_balancer proxy_http ' +
        'slotmem_shm socache_shmcb ssl'
      const lines = [
        `ServerRoot ${folder}`,
        `DefaultRuntimeDir ${folder}`,
        `PidFile ${folder}/pid`,
        `Mutex file:${folder} default`,
        `ErrorLog ${folder}/log`,
        'User www-data',
        'Group www-data',
        'ServerName localhost',
        // Threads are started at once, so that the test does not wait for them.
        'StartServers 1',
        ...modules
          .split(' ')
          .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
        'Listen 80',
        'Listen 443',
        'Listen 8443',
        `Include ${config}`,
      ]
      return [['apache2', '-DFOREGROUND', '-f', write('main.conf', `${lines.join('\n')}\n`)]]
    },
  },
  {
    name: 'lighttpd',
    version: ['lighttpd', '-v'],
    setUps: [
      bare('lighttpd-bare.conf'),
      usual('lighttpd-usual.conf'),
      ours('lighttpd.conf'),
      barePrefix('lighttpd-bare-prefix.conf'),
      usualPrefix('lighttpd-usual-prefix.conf'),
      oursPrefix('lighttpd-prefix.conf'),
    ],
    commands: ({ config, folder, write }) => {
      const own = [
        // What Debian installs, without the places that only one process can have.
        'include "/etc/lighttpd/lighttpd.conf"',
        `server.pid-file := "${folder}/pid"`,
        `server.errorlog := "${folder}/log"`,
        `server.upload-dirs := ( "${folder}" )`,
        `include "${config}"`,
      ]
      return [['lighttpd', '-D', '-f', write('main.conf', `${own.join('\n')}\n`)]]
    },
  },
  {
    name: 'Varnish',
    version: ['varnishd', '-V'],
    setUps: [
      bare('varnish-bare.vcl'),
      usual('varnish-usual.vcl'),
      ours('varnish.vcl'),
      barePrefix('varnish-bare-prefix.vcl'),
      usualPrefix('varnish-usual-prefix.vcl'),
      oursPrefix('varnish-prefix.vcl'),
    ],
    commands: ({ config, folder, write }) => [
      [
        'varnishd',
        '-F',
        ...['-n', join(folder, 'varnish'), '-f', config, '-s', 'malloc,16m'],
        ...['-a', ':80', '-a', 'tls=127.0.0.1:6086,PROXY', '-p', 'feature=+http2'],
      ],
      haproxy(write('tls.cfg', readFileSync(`${EXAMPLES}/varnish-tls.cfg`, 'utf8')), write),
    ],
  },
]

/** The command of haproxy with Debian's defaults. */
function haproxy(config: string, write: Files['write']): readonly [string, ...string[]] {
  const times = '  timeout connect 5s\n  timeout client 50s\n  timeout server 50s\n'
  const main = write('main.cfg', `global\n  maxconn 200\ndefaults\n  mode http\n${times}`)
  return ['haproxy', '-db', '-f', main, '-f', config]
}

/** A proxy that runs with one of its set-ups. */
export class RunningProxy {
  readonly #children: ChildProcess[]
  readonly #log: string

  private constructor(children: ChildProcess[], log: string) {
    this.#children = children
    this.#log = log
  }

  /**
   * @param folder An empty folder.
   * @param certificates A folder in the place of `/etc/ssl`.
   * @throws Error with the output of the proxy, if it does not listen on all of its ports.
   */
  static async start(
    proxy: Proxy,
    setUp: SetUp,
    folder: string,
    certificates: string,
  ): Promise<RunningProxy> {
    for (const port of PORTS) {
      if (await canConnect(port)) throw new Error(`Something else listens on port ${port}.`)
    }
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o777)
    const write = (name: string, text: string) => {
      const path = join(folder, name)
      writeFileSync(path, text.replaceAll('/etc/ssl/', `${certificates}/`))
      return path
    }
    const config = write('config', readFileSync(setUp.file, 'utf8'))
    const log = openSync(join(folder, 'log'), 'a')
    // lighttpd opens it as another user.
    chmodSync(join(folder, 'log'), 0o666)
    const children = proxy.commands({ config, folder, write }).map(([command, ...args]) => {
      const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
      const child = spawn(command, args, { env, stdio: ['ignore', log, log] })
      child.on('error', (error) => writeSync(log, String(error)))
      return child
    })
    const running = new RunningProxy(children, join(folder, 'log'))
    try {
      for (const port of PORTS) await running.#listens(port)
    } catch (error) {
      await running.stop()
      throw error
    }
    return running
  }

  /** What it printed. */
  get output(): string {
    return readFileSync(this.#log, 'utf8')
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(stopProcess))
  }

  async #listens(port: number): Promise<void> {
    for (const end = Date.now() + 20_000; ; await sleep(10)) {
      if (this.#children.some(({ exitCode, pid }) => exitCode !== null || pid === undefined)) {
        throw new Error(`The proxy ended before it listened on ${port}:\n${this.output}`)
      }
      if (await canConnect(port)) return
      if (Date.now() > end) throw new Error(`Nothing listens on ${port}:\n${this.output}`)
    }
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = new Promise((resolve) => child.on('exit', resolve))
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), 3000)
  await ended
  clearTimeout(killer)
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
