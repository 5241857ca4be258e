import { spawn } from 'node:child_process'

/**
 * Runs a command, and returns its output.
 * @throws Error with its output if it fails.
 */
export async function command(file, args, { cwd, env = cleanEnvironment() } = {}) {
  const { code, output } = await run(file, args, { cwd, env })
  if (code === 0) return output
  throw new Error(`${file} ${args.join(' ')}\nended with ${code}:\n${output.trim()}`)
}

/** Runs npm: the one that runs this script, if any, or the given one on another Node. */
export function npm(args, { cwd, env, cli = process.env.npm_execpath, node = process.execPath }) {
  const quiet = [...args, '--no-audit', '--no-fund', '--no-update-notifier']
  if (cli === undefined) return command('npm', quiet, { cwd, env })
  return command(node, [cli, ...quiet], { cwd, env })
}

/**
 * Returns the environment without the variables that `npm run` adds. With them, an npm inside would use the
 * folder of the library. The settings of registry and proxy are kept.
 */
export function cleanEnvironment() {
  const own = /^(npm_(lifecycle|package|command|node|execpath)|npm_config_(local|global)?_?prefix)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)))
}

function run(file, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code: code ?? signal, output }))
  })
}
