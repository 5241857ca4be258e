import { createMac } from '../../src/index.ts'

// Opens the database that is named, writes to it, and prints what comes of that.
const mac = createMac({ database: process.argv[2] })
try {
  await mac.createCredential('ada')
  console.log('it worked')
} catch (error) {
  console.log((error as Error).message)
}
await mac.close()
