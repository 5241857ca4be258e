import { createMac } from '../../src/index.ts'

// Opens the database of its argument, writes to it, and prints the result.
const mac = createMac({ database: process.argv[2] })
try {
  await mac.createCredential('ada')
  console.log('it worked')
} catch (error) {
  console.log((error as Error).message)
}
await mac.close()
