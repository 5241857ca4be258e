import { text } from 'node:stream/consumers'
import { createMac } from '../../src/index.ts'

/** Says that it runs, waits for the end of its input, opens the database, and says how that went. */
const mac = createMac({ database: process.argv[2] })
console.log('up')
await text(process.stdin)
try {
  await mac.ready()
  console.log('ready')
} catch (error) {
  console.log(String(error))
}
