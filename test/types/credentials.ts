import {
  type CreateOptions,
  type Credential,
  createCredential,
  createMac,
  deleteCredential,
  getCredential,
  type KeptCredential,
  listCredentials,
  type NewCredential,
  revokeCredential,
  type User,
} from 'withmac'
import { type Equal, holds } from './exact.ts'

// The key is always there, except for a credential that was kept.
const made = await createCredential('ada')
holds<Equal<typeof made, NewCredential>>()
holds<Equal<typeof made.key, string>>()
holds<Equal<typeof made.id, string>>()
holds<Equal<typeof made.expires, Date | null>>()

const strict = await createCredential('ada', { id: 'laptop', ifExists: 'error', label: null })
holds<Equal<typeof strict.key, string>>()
const unset = await createCredential('ada', { id: 'laptop', ifExists: undefined })
holds<Equal<typeof unset.key, string>>()

const kept = await createCredential('ada', { id: 'laptop', ifExists: 'keep' })
holds<Equal<typeof kept, NewCredential | KeptCredential>>()
holds<Equal<typeof kept.key, string | null>>()

const later = (options: CreateOptions) => createCredential('ada', options)
holds<Equal<Awaited<ReturnType<typeof later>>['key'], string | null>>()

// Users: a name, a number, or a row of the users table.
interface Row {
  readonly id: number
  readonly email: string
}
const row: Row = { id: 1, email: 'ada@example.com' }
await createCredential(row)
await createCredential(7)
await createCredential(7n)
await createCredential('ada', { algorithm: 'hmac-sha-1', expires: new Date() })
await createCredential('ada', { expires: 2_000_000_000, key: 'secret' })
await createCredential('ada', { expires: null })
await createCredential({ id: 7, name: 'Grace' })
await createCredential({ id: 7n, name: 'Grace', roles: ['admin'] }, { ifExists: 'keep' })
await createCredential({ id: '7', name: null } as const)
const user: User = { id: 7, name: 'Grace' }
await createCredential(user)

// The other methods do not return the key.
const found = await getCredential('laptop')
holds<Equal<typeof found, Credential | null>>()
const list = await listCredentials()
holds<Equal<typeof list, Credential[]>>()
holds<Equal<Awaited<ReturnType<typeof revokeCredential>>, void>>()
holds<Equal<Awaited<ReturnType<typeof deleteCredential>>, void>>()
await listCredentials({ user: 7n })
await listCredentials({ user: row })
await listCredentials({ user: { id: 7, name: 'Grace' } })
await revokeCredential('laptop')
await deleteCredential('laptop')

// The methods of a Mac have the types of the bare functions.
const mac = createMac()
holds<Equal<typeof mac.createCredential, typeof createCredential>>()
holds<Equal<typeof mac.getCredential, typeof getCredential>>()
holds<Equal<typeof mac.listCredentials, typeof listCredentials>>()
await mac.credentialHistory({ user: { id: 7, name: 'Grace' } })
const pruned = await mac.prune()
holds<Equal<typeof pruned, number>>()

// @ts-expect-error: a credential needs a user
await createCredential()
// @ts-expect-error: the user cannot be null
await createCredential(null)
// @ts-expect-error: an object for a user needs an id
await createCredential({ email: 'ada@example.com' })
// @ts-expect-error: the id is a string or a number
await createCredential({ id: null, name: 'Grace' })
// @ts-expect-error: an option that is not known
await createCredential('ada', { expiry: null })
// @ts-expect-error: draft-ietf-oauth-v2-http-mac-01 has no other algorithm
await createCredential('ada', { algorithm: 'hmac-sha-512' })
// @ts-expect-error: a Date or seconds
await createCredential('ada', { expires: '1d' })
// @ts-expect-error: an existing credential is never replaced
await createCredential('ada', { id: 'laptop', ifExists: 'replace' })
// @ts-expect-error: it may be null
found.id
// @ts-expect-error: getCredential does not return the key
found?.key
// @ts-expect-error: it takes only the identifier
await revokeCredential({ id: 'laptop' })
