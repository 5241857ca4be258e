import { createMac } from '../../../src/index.ts'

// Creates a credential, as a seed script does, and does not close the Mac.

const mac = createMac({ database: 'sqlite::memory:', nonces: process.argv[2] ?? '' })
await mac.ready()
await mac.createCredential('ada')
