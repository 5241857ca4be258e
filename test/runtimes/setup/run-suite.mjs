import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { cleanEnvironment } from './command.mjs'

/** A suite that takes longer counts as hanging. */
const PATIENCE_MS = 300_000

/**
 * Runs the suite inside a runtime.
 * @returns The content of its last line: how many checks passed, the failures, and notes.
 */
export function runSuite(runtime, folder, { bare, uncompiled, tls }) {
  const start = performance.now()
  const args = [...runtime.run, join(folder, 'suite/suite.mjs')]
  const { execPath, versions } = process
  const otherNode = { path: execPath, version: versions.node, modules: versions.modules }
  const config = JSON.stringify({ name: runtime.name, folder, bare, uncompiled, tls, otherNode })
  return new Promise((resolve, reject) => {
    const child = spawn(join(folder, runtime.binary), [...args, config], {
      cwd: folder,
      env: { ...cleanEnvironment(), NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const result = lastLine(output)
      const seconds = Math.round((performance.now() - start) / 1000)
      if (result !== null && code === 0) return resolve({ ...result, seconds })
      reject(new Error(`the suite ended with ${code ?? signal}.\n${output}${errors}`))
    })
  })
}

function lastLine(output) {
  try {
    return JSON.parse(output.trimEnd().split('\n').at(-1))
  } catch {
    return null
  }
}
