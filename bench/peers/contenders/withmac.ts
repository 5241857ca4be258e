import { macField } from '../../signing/mac-field.ts'
import { fetchRequest, ID, KEY, URL_SIGNED } from '../../signing/request.ts'
import { createMac, createMacOf, verifierWithoutStore } from '../../withmac.ts'
import { type Contender, inWaves, type VerifyOne } from '../contender.ts'

const OTHER_URL = URL_SIGNED.replace('/resource/1', '/resource/2')

/** The library without its store: the credential is in a Map, nonces are not recorded. */
export function withmacWithoutStore(): Contender<Request> {
  const identify = verifierWithoutStore(ID, KEY)
  const verify = async (request: Request) => (await identify(request)) !== null
  return { ...described('withmac, no store', 'withmac', 1, verify), rejectsReplay: false }
}

/** The whole library, with its database in memory. */
export async function withmacInMemory(inFlight: number): Promise<Contender<Request>> {
  const mac = createMac({ database: 'sqlite::memory:' })
  return whole(mac, 'withmac, SQLite in memory', 'withmac-memory', inFlight)
}

/**
 * The whole library, with its database in a file.
 *
 * @param waves How many waves share the requests in flight. They do not wait for each other.
 */
export async function withmacInFile(
  path: string,
  inFlight: number,
  waves = 1,
): Promise<Contender<Request>> {
  const mac = createMac({ database: `sqlite:${path}` })
  if (waves === 1) return whole(mac, 'withmac, SQLite file', 'withmac-file', inFlight)
  const name = `withmac, SQLite file, in ${waves} waves`
  return whole(mac, name, `withmac-file-${waves}`, inFlight, waves)
}

/** An earlier version of the library, from another checkout, with its default durability. */
export async function withmacBefore(
  before: string,
  path: string,
  inFlight: number,
): Promise<Contender<Request>> {
  const mac = (await createMacOf(before))({ database: `sqlite:${path}` })
  return whole(mac, 'withmac before, SQLite file', 'withmac-before', inFlight)
}

async function whole(
  mac: ReturnType<typeof createMac>,
  name: string,
  key: string,
  inFlight: number,
  waves = 1,
): Promise<Contender<Request>> {
  await mac.createCredential('ada', { id: ID, key: KEY })
  const verify = async (request: Request) => (await mac.verify(request)).ok
  return { ...described(name, key, inFlight, verify, waves), close: () => mac.close() }
}

function described(
  name: string,
  key: string,
  inFlight: number,
  verify: VerifyOne<Request>,
  waves = 1,
): Contender<Request> {
  return {
    name,
    key,
    inFlight,
    rejectsReplay: true,
    prepare: () => fetchRequest(macField()),
    spoil: () => fetchRequest(macField(), OTHER_URL),
    run: inWaves(inFlight, verify, waves),
  }
}
