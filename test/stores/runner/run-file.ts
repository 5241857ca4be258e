import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The result of a test file on a runtime. */
export interface Outcome {
  /** The names of the tests that passed. */
  readonly passed: readonly string[]
  /** The names of the tests that failed or were skipped. */
  readonly failed: readonly string[]
  /** Why the file did not run to its end, or `null`. */
  readonly broke: string | null
  readonly output: string
  readonly seconds: number
}

/** A runtime that `test:runtimes` installs. */
interface Runtime {
  readonly name: string
  readonly title: string
  readonly binary: string
}

// The file has no types.
const { RUNTIMES } = (await import(join(import.meta.dirname, '../../runtimes/runtimes.mjs'))) as {
  RUNTIMES: readonly Runtime[]
}

/** A file that takes longer counts as hanging, in milliseconds. */
const PATIENCE = 300_000
const ROOT = join(import.meta.dirname, '../../..')
const CACHE = join(ROOT, 'node_modules/.cache/withmac-runtimes')

/** The arguments that run a test file, and write a report in the format of JUnit. */
function argumentsOf(runtime: string, file: string, report: string): string[] {
  if (runtime === 'bun') {
    return ['test', '--timeout', '60000', '--reporter=junit', `--reporter-outfile=${report}`, file]
  }
  if (runtime === 'deno') {
    return ['test', '--allow-all', '--no-check', '--quiet', `--junit-path=${report}`, file]
  }
  // On Node the second reporter prints failures.
  const both = ['--test-reporter=junit', `--test-reporter-destination=${report}`]
  return ['--test', ...both, '--test-reporter=dot', '--test-reporter-destination=stdout', file]
}

/** Runs a test file on a runtime that `npm run test:runtimes` has installed, or on this Bun. */
export async function runFile(
  runtime: string,
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const start = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'withmac-stores-'))
  try {
    const { title, binary } = RUNTIMES.find(({ name }) => name === runtime) as Runtime
    const places = [join(CACHE, runtime, binary), join(ROOT, binary)]
    const place = places.find((path) => existsSync(path))
    if (place === undefined) {
      return broken(`${title} is not installed: run "npm run test:runtimes" first`)
    }
    const report = join(folder, 'report.xml')
    const runnable = needsBundle(runtime, env) ? await bundle(file, folder, runtime) : file
    const child = Bun.spawn([place, ...argumentsOf(runtime, runnable, report)], {
      ...{ cwd: ROOT, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
      env: { ...process.env, NO_COLOR: '1', ...env },
      ...{ timeout: PATIENCE, killSignal: 'SIGKILL' },
    })
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ])
    const status = await child.exited
    const { passed, failed } = readReport(report)
    const seconds = (performance.now() - start) / 1000
    const isSound = status === 0 || failed.length > 0
    const broke = isSound ? null : `it ended with ${child.signalCode ?? status}`
    return { passed, failed, broke, output: out + err, seconds }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function broken(why: string): Outcome {
  return { passed: [], failed: [], broke: why, output: '', seconds: 0 }
}

/** Node 20 does not read TypeScript, and better-sqlite3 is installed only beside the Nodes of the runtimes. */
function needsBundle(runtime: string, env: Readonly<Record<string, string>>): boolean {
  return runtime === 'node-20' || env.WITHMAC_CONTRACT_STORE?.includes('better-sqlite3') === true
}

/** Makes one file of JavaScript, which finds the packages that are installed beside the runtime. */
async function bundle(file: string, folder: string, runtime: string): Promise<string> {
  const { success, logs } = await Bun.build({
    ...{ entrypoints: [file], outdir: folder, target: 'node', naming: 'bundle.mjs' },
    external: ['better-sqlite3', 'bun'],
  })
  if (!success) throw new Error(`${file} cannot be bundled: ${logs.join('\n')}`)
  symlinkSync(join(CACHE, runtime, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'bundle.mjs')
}

/** Reads the names of the tests from a report, if there is one. */
function readReport(path: string): { passed: string[]; failed: string[] } {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const passed: string[] = []
  const failed: string[] = []
  for (const [, name = '', ended, body = ''] of text.matchAll(
    /<testcase\b[^>]*?\bname="([^"]*)"[^>]*?(?:(\/>)|>(.*?)<\/testcase>)/gs,
  )) {
    const isPassed = ended !== undefined || !/<(?:failure|error|skipped)\b/.test(body)
    const list = isPassed ? passed : failed
    list.push(name.replaceAll('&apos;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&'))
  }
  return { passed, failed }
}
