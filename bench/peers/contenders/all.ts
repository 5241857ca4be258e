import { join } from 'node:path'
import { KEY } from '../../signing/request.ts'
import type { Contender } from '../contender.ts'
import { fastestHmac } from '../fastest-hmac.ts'
import { betterAuthApiKeys } from './better-auth.ts'
import { hawkInMemory, hawkOnSqlite, hawkWithoutNonces } from './hawk.ts'
import { hmacAuthExpress } from './hmac-auth-express.ts'
import { honoBearer, honoJwt } from './hono.ts'
import { httpMessageSignatures } from './http-message-signatures.ts'
import { joseJwt } from './jose.ts'
import { limit } from './limit.ts'
import { standardWebhooks } from './standardwebhooks.ts'
import { withmacBefore, withmacInFile, withmacInMemory, withmacWithoutStore } from './withmac.ts'

/**
 * Makes every contender. If one needs a file, it has its own in the folder.
 *
 * @param before The folder of an earlier version of the library, or `null`.
 */
export async function allContenders(folder: string, before: string | null): Promise<Contender[]> {
  let files = 0
  const fastest = fastestHmac(KEY)
  const file = () => join(folder, `${files++}.db`)
  const made: (Contender | Promise<Contender>)[] = [
    withmacWithoutStore(),
    ...[1, 64].map((inFlight) => withmacInMemory(inFlight)),
    ...[1, 8, 64, 512].map((inFlight) => withmacInFile(file(), inFlight)),
    withmacInFile(file(), 64, 2),
    ...(before === null ? [] : [1, 64].map((inFlight) => withmacBefore(before, file(), inFlight))),
    ...[1, 8, 64, 512].map((inFlight) => limit(fastest, file(), inFlight)),
    hawkWithoutNonces(),
    ...[1, 64, 512].map((inFlight) => hawkInMemory(inFlight)),
    ...[1, 64].map((inFlight) => hawkOnSqlite(file(), inFlight)),
    ...[1, 64].map((inFlight) => joseJwt(inFlight)),
    httpMessageSignatures(),
    standardWebhooks(),
    hmacAuthExpress(),
    honoJwt(),
    honoBearer(),
    betterAuthApiKeys(file()),
  ]
  return Promise.all(made)
}
