/*
 * Prints how many files and functions of `src` two calls run through: a signed request whose credential is
 * cached, and `revokeCredential`. It tells how far a reader must go to follow one of them.
 *
 * It does not count what runs in the sync thread, nor what runs after the response, such as cleanup. It counts
 * by V8's coverage, so it needs Node, and 22.18 or later, which runs TypeScript and has SQLite.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const source = new URL('../../src/', import.meta.url).href
const { createMac } = await import(`${source}index.ts`).catch((cause) => {
  throw new Error(`Node ${process.version} cannot run this: use Node 22.18 or later.`, { cause })
})
const { signRequest } = await import(`${source}client/index.ts`)

const folder = mkdtempSync(join(tmpdir(), 'withmac-hops-'))
const mac = createMac({ database: `sqlite:${folder}/mac.db` })
const credential = await mac.createCredential('ada')
const app = mac.withMac(() => new Response('ok'))

const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })

try {
  await mac.revokeCredential((await mac.createCredential('bob')).id)
  // A change of any credential is looked at by the next request: the ones after that are the usual case.
  for (let sent = 0; sent < 100; sent++) await send(await signed())
  const request = await signed()
  print('a signed request, its credential cached', await count(() => send(request)))
  print('revokeCredential', await count(() => mac.revokeCredential(credential.id)))
} finally {
  session.disconnect()
  await mac.close()
  rmSync(folder, { recursive: true })
}

function signed() {
  return signRequest(new Request('http://localhost/orders?page=1'), credential)
}

async function send(request) {
  const { status } = await app(request)
  if (status !== 200) throw new Error(`The request was answered ${status}.`)
}

/** Runs something, and returns each file of ours that ran, with the names of its functions. */
async function count(run) {
  // What earlier calls left to do, such as cleanup, is not counted.
  await nextTurns()
  await session.post('Profiler.takePreciseCoverage')
  await run()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  const files = new Map()
  for (const { url, functions } of result) {
    if (!url.startsWith(source)) continue
    // The function that starts with the file is the file itself, which ran when it was loaded.
    const ran = functions.filter(({ ranges: [whole] }) => whole.count > 0 && whole.startOffset > 0)
    if (ran.length > 0) files.set(url.slice(source.length), ran.map(nameOf))
  }
  return files
}

function nameOf({ functionName }) {
  return functionName || '(anonymous)'
}

async function nextTurns() {
  await new Promise((resolve) => setTimeout(resolve, 100))
}

function print(what, files) {
  const functions = [...files.values()].flat().length
  console.log(`${what}: ${files.size} files, ${functions} functions`)
  for (const [file, names] of [...files].sort()) {
    if (process.argv.includes('--list')) console.log(`  ${file}: ${names.join(', ')}`)
  }
}
