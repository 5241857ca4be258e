import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as Library from '../../../src/index.ts'
import { outcome } from '../../support/outcome.ts'
import { signed } from '../../support/sign.ts'
import { openDatabase } from '../../support/sqlite.ts'
import { CONTENT, DELETED, MADE, type Made, OPTIONS, URL_SIGNED } from './content.ts'

/*
 * Creates a database file with an earlier version of the library: see README.md.
 */

const [checkout = '', path = ''] = process.argv.slice(2)
const source = pathToFileURL(join(resolve(checkout), 'src/index.ts'))
const { createMac }: typeof Library = await import(source.href)
let seconds = MADE - 1000
const mac = createMac({ ...OPTIONS, database: `sqlite:${path}`, now: () => seconds })
const app = mac.withMac(() => new Response())

async function send({ key, behind }: Made, nonce: string): Promise<void> {
  const answer = await outcome(app(signed(key, URL_SIGNED, { ts: seconds - behind, nonce })))
  if (answer !== '200') throw new Error(`${key.id}, ${nonce}: ${answer}`)
}

// The nonce 'forgotten' is removed by prune, which raises the floor.
const all: readonly Made[] = [...Object.values(CONTENT), DELETED]
for (const made of all) {
  const { user, label, expires } = made
  await mac.createCredential(user, { ...made.key, label, expires })
}
await send(CONTENT.endless, 'forgotten')
seconds = MADE
for (const made of all) for (const nonce of made.nonces) await send(made, nonce)
await mac.prune()
await mac.revokeCredential(CONTENT.revoked.key.id)
await mac.deleteCredential(DELETED.key.id)
await mac.close()
const database = openDatabase(path)
database.exec('vacuum')
database.exec('pragma wal_checkpoint(truncate)')
database.close()
