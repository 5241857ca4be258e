import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from './certificate.ts'
import { checkAddress } from './checks/address.ts'
import { checkCopies } from './checks/copies.ts'
import { checkForged } from './checks/forged.ts'
import { checkOptions } from './checks/options.ts'
import { checkTargets } from './checks/targets.ts'
import { HTTP, HTTPS } from './client.ts'
import { Lab } from './lab.ts'
import { PROXIES, RunningProxy, type SetUp } from './proxies.ts'
import type { RejectedPair } from './record.ts'
import { Recorder } from './recorder.ts'
import type { ProxyResults, SetUpResults } from './results.ts'
import { Backend } from './server.ts'

/*
 * Runs all checks on one proxy, and writes the results to a file. With --own-network, the network of this process
 * is new, and its loopback interface is still down.
 */

const [name, file, ownNetwork] = process.argv.slice(2)
const proxy = PROXIES.find((proxy) => proxy.name === name)
if (proxy === undefined || file === undefined) throw new Error('Call it with a proxy and a file.')
if (ownNetwork === '--own-network') execFileSync('ip', ['link', 'set', 'lo', 'up'])

const folder = mkdtempSync(join(tmpdir(), 'withmac-proxies-'))
// Some proxies drop their rights before they read their files.
chmodSync(folder, 0o755)
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const certificates = join(folder, 'ssl')
const authority = makeCertificate(certificates)
const backend = await Backend.start(3002)
const recorder = await Recorder.start([3000, 3001], 3002)

const version = versionOf(proxy.version)
const rejected: RejectedPair[] = []
const setUps: SetUpResults[] = []
for (const setUp of proxy.setUps) setUps.push(await runSetUp(setUp, setUps.length))
const results: ProxyResults = { name: proxy.name, version, setUps, rejected }
writeFileSync(file, JSON.stringify(results))
process.exit(0)

async function runSetUp(setUp: SetUp, number: number): Promise<SetUpResults> {
  const place = join(folder, String(number))
  if (proxy === undefined) throw new Error('There is no proxy.')
  const start = () => RunningProxy.start(proxy, setUp, place, certificates)
  let running = await start()
  const restart = async () => {
    await running.stop()
    running = await start()
  }
  try {
    const lab = new Lab(`${name} ${version}`, setUp, backend, recorder, authority)
    const results = {
      setUp,
      options: await checkOptions(lab),
      targets: await checkTargets(lab),
      forged: await checkForged(lab),
      address: await checkAddress(lab),
      sockets: [await lab.opensSocket(HTTP), await lab.opensSocket(HTTPS)],
      copies: await checkCopies(lab, restart),
    }
    rejected.push(...lab.pairs)
    return results
  } finally {
    await running.stop()
  }
}

/** Returns the first version number that the command prints. */
function versionOf([command, ...args]: readonly [string, ...string[]]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return /\d+\.\d+/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown'
}
