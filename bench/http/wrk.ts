import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from '../setup/runtimes.ts'
import { pinned } from '../setup/server.ts'
import { HOST, TARGET } from '../signing/request.ts'
import { cpuSeconds } from './cpu.ts'

/** The counts of wrk. Latencies are in microseconds. */
export interface WrkResult {
  readonly requests: number
  readonly microseconds: number
  /** Answers with a status of 400 and above. */
  readonly rejected: number
  /** Errors of sockets, and timeouts. */
  readonly failed: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** The share of its core that the generator used. */
  readonly generatorCpu: number
}

/** The settings of a run of wrk. */
export interface WrkSettings {
  /** The port of each server. wrk has a thread for each, and the connections are shared among them. */
  readonly ports: readonly number[]
  readonly seconds: number
  /** How many connections there are, each with one request in flight. */
  readonly connections: number
  /** The core that wrk is pinned to. `null`: the system chooses. */
  readonly core: number | null
  /** The file of signed fields, and how many of its first lines were sent before. */
  readonly file: string
  readonly skip: number
  /** How many lines each thread has, if there are several servers. */
  readonly linesEach?: number
}

/** Throws if a tool is missing, and says how to install it. */
export function assertTools(): void {
  for (const [tool, from] of [
    ['wrk', 'wrk'],
    ['taskset', 'util-linux'],
  ] as const) {
    if (spawnSync(tool, ['--version']).error === undefined) continue
    throw new Error(`There is no ${tool}: on Debian, run "apt-get install ${from}".`)
  }
}

/** Runs wrk against one or more servers. */
export function runWrk(settings: WrkSettings): Promise<WrkResult> {
  const { ports, seconds, connections, core, file, skip, linesEach = 0 } = settings
  const script = join(ROOT, 'bench/http/wrk.lua')
  const load = [
    `-t${ports.length}`,
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '10s',
    '-s',
    script,
  ]
  const url = `http://127.0.0.1:${ports[0]}`
  const sent = [url, '--', file, String(skip), HOST, TARGET, String(linesEach)]
  const [program = '', ...args] = pinned(core, ['wrk', ...load, ...sent])
  const child = spawn(program, args, {
    env: { ...process.env, PORTS: ports.join() },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  let cpu = 0
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    // wrk prints at its start and at its end.
    cpu = child.pid === undefined ? 0 : cpuSeconds(child.pid)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      const [, json] = /^(\{.*\})$/m.exec(output) ?? []
      if (code !== 0 || json === undefined) return reject(new Error(`wrk failed.\n${output}`))
      const counted = JSON.parse(json) as Omit<WrkResult, 'generatorCpu'>
      resolve({ ...counted, generatorCpu: (cpu * 1e6) / counted.microseconds })
    })
  })
}
