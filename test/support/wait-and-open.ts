import { text } from 'node:stream/consumers'
import { createMac } from '../../src/index.ts'

/** Prints `up`, waits for the end of its input, opens the database, and prints the result. */
const mac = createMac({ database: process.argv[2] })
console.log('up')
await text(process.stdin)
try {
  await mac.ready()
  console.log('ready')
} catch (error) {
  console.log(String(error))
}
