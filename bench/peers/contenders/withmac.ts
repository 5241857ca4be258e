import { macField } from '../../signing/mac-field.ts'
import { fetchRequest, ID, KEY, URL_SIGNED } from '../../signing/request.ts'
import { createMac, type Durability, verifierWithoutStore } from '../../withmac.ts'
import { type Contender, inWaves, type VerifyOne } from '../contender.ts'

const OTHER_URL = URL_SIGNED.replace('/resource/1', '/resource/2')

/** All but the store: the credential in a Map, nonces not recorded. */
export function withmacWithoutStore(): Contender<Request> {
  const identify = verifierWithoutStore(ID, KEY)
  const verify = async (request: Request) => (await identify(request)) !== null
  return { ...described('withmac, no store', 'withmac', 1, verify), refusesReplay: false }
}

/** The whole library, its database in memory. */
export async function withmacInMemory(inFlight: number): Promise<Contender<Request>> {
  const mac = createMac({ database: 'sqlite::memory:' })
  return whole(mac, 'withmac, SQLite in memory', 'withmac-memory', inFlight)
}

/** The whole library, its database in a file. */
export async function withmacInFile(
  path: string,
  durability: Durability,
  inFlight: number,
): Promise<Contender<Request>> {
  const mac = createMac({ database: `sqlite:${path}`, durability })
  return whole(mac, `withmac, SQLite file, ${durability}`, `withmac-${durability}`, inFlight)
}

async function whole(
  mac: ReturnType<typeof createMac>,
  name: string,
  key: string,
  inFlight: number,
): Promise<Contender<Request>> {
  await mac.createCredential('ada', { id: ID, key: KEY })
  const verify = async (request: Request) => (await mac.verify(request)).ok
  return { ...described(name, key, inFlight, verify), close: () => mac.close() }
}

function described(
  name: string,
  key: string,
  inFlight: number,
  verify: VerifyOne<Request>,
): Contender<Request> {
  return {
    name,
    key,
    inFlight,
    refusesReplay: true,
    prepare: () => fetchRequest(macField()),
    spoil: () => fetchRequest(macField(), OTHER_URL),
    run: inWaves(inFlight, verify),
  }
}
