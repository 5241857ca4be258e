import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from '../setup/runtimes.ts'
import { pinned } from '../setup/server.ts'
import { HOST, TARGET } from '../signing/request.ts'
import { cpuSeconds } from './cpu.ts'

/** What wrk counted. Latencies are in microseconds. */
export interface WrkResult {
  readonly requests: number
  readonly microseconds: number
  /** Answers with a status of 400 and above. */
  readonly refused: number
  /** Errors of sockets, and timeouts. */
  readonly failed: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** The share of its core that the generator used. */
  readonly generatorCpu: number
}

/** What a run of the generator is started with. */
export interface WrkSettings {
  readonly port: number
  readonly seconds: number
  /** How many connections there are, each with one request on its way. */
  readonly connections: number
  /** The core that it is pinned to; `null` lets the system choose. */
  readonly core: number | null
  /** The signed fields, and how many at its head were sent before. */
  readonly file: string
  readonly skip: number
}

/** Throws where the tools are missing, and says how to get them. */
export function assertTools(): void {
  for (const [tool, from] of [
    ['wrk', 'wrk'],
    ['taskset', 'util-linux'],
  ] as const) {
    if (spawnSync(tool, ['--version']).error === undefined) continue
    throw new Error(`There is no ${tool}: on Debian, run "apt-get install ${from}".`)
  }
}

/** Runs wrk against a server. */
export function runWrk(settings: WrkSettings): Promise<WrkResult> {
  const { port, seconds, connections, core, file, skip } = settings
  const script = join(ROOT, 'bench/http/wrk.lua')
  const load = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script]
  const url = `http://127.0.0.1:${port}`
  const sent = [url, '--', file, String(skip), HOST, TARGET]
  const [program = '', ...args] = pinned(core, ['wrk', ...load, ...sent])
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  let cpu = 0
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    // It writes at its beginning, and again when it is done.
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
