import { join } from 'node:path'
import { KEY } from '../../signing/request.ts'
import type { Durability } from '../../withmac.ts'
import type { Contender } from '../contender.ts'
import { fastestHmac } from '../limit/fastest-hmac.ts'
import { betterAuthApiKeys } from './better-auth.ts'
import { hawkInMemory, hawkOnSqlite, hawkWithoutNonces } from './hawk.ts'
import { hmacAuthExpress } from './hmac-auth-express.ts'
import { honoBearer, honoJwt } from './hono.ts'
import { httpMessageSignatures } from './http-message-signatures.ts'
import { joseJwt } from './jose.ts'
import { limit } from './limit.ts'
import { standardWebhooks } from './standardwebhooks.ts'
import { withmacInFile, withmacInMemory, withmacWithoutStore } from './withmac.ts'

const DURABILITIES: readonly Durability[] = ['normal', 'full']

/** Makes every contender. Those with a file have one of their own in the folder. */
export async function allContenders(folder: string): Promise<Contender[]> {
  let files = 0
  const fastest = fastestHmac(KEY)
  const file = () => join(folder, `${files++}.db`)
  const made: (Contender | Promise<Contender>)[] = [
    withmacWithoutStore(),
    ...[1, 64].map((inFlight) => withmacInMemory(inFlight)),
    ...durable([1, 8, 64, 512], (...setting) => withmacInFile(file(), ...setting)),
    ...durable([1, 8, 64, 512], (...setting) => limit(fastest, file(), ...setting)),
    hawkWithoutNonces(),
    ...[1, 64, 512].map((inFlight) => hawkInMemory(inFlight)),
    ...durable([1, 64], (...setting) => hawkOnSqlite(file(), ...setting)),
    ...[1, 64].map((inFlight) => joseJwt(inFlight)),
    httpMessageSignatures(),
    standardWebhooks(),
    hmacAuthExpress(),
    honoJwt(),
    honoBearer(),
    betterAuthApiKeys(file(), 'normal'),
  ]
  return Promise.all(made)
}

function durable<Made>(
  sizes: readonly number[],
  make: (durability: Durability, inFlight: number) => Made,
): Made[] {
  return DURABILITIES.flatMap((durability) => sizes.map((inFlight) => make(durability, inFlight)))
}
