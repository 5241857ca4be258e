import { run } from 'mitata'
import { benchProtocol } from './protocol.ts'
import { benchVerify } from './verify.ts'

benchProtocol()
const finish = await benchVerify()
await run({ throw: true })
await finish()
