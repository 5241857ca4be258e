import type { Explained } from './checks/options.ts'
import { targetsThat } from './checks/targets.ts'
import { ENTRIES } from './client.ts'
import type { ProxyResults, SetUpResults } from './results.ts'

const ALL = ENTRIES.map(({ name }) => name)

/** Returns what is wrong: with a configuration of the documentation, or with an explanation. */
export function faultsOf({ name, setUps }: ProxyResults): readonly string[] {
  const faults = setUps.flatMap((results) =>
    [...(results.setUp.isExample ? exampleFaults(results) : []), ...explanationFaults(results)].map(
      (fault) => `${name}, ${results.setUp.file}: ${fault}`,
    ),
  )
  return [...faults, ...missingControls(name, setUps)]
}

/** Targets that a configuration of the documentation must pass on unchanged. */
const MUST_ARRIVE = ['//a', '/a//b', '/a/../b', '/a%2Fb', '/%7euser', '/caf%c3%a9', '/orders?']

function exampleFaults(results: SetUpResults): readonly string[] {
  const { setUp, options, targets, forged, copies, address, sockets } = results
  const path = setUp.cutsPrefix ? 'path + ' : ''
  const faults: string[] = []
  for (const option of ['origin', 'list', 'trustProxy'].map((option) => path + option)) {
    const missing = ALL.filter((entry) => !options.accepted[option]?.includes(entry))
    if (missing.length > 0) faults.push(`with ${option}, requests are rejected at ${missing}`)
  }
  for (const [entry, ofEntry] of Object.entries(targets)) {
    const lost = MUST_ARRIVE.filter((target) => ofEntry[target]?.wire !== 'unchanged')
    if (lost.length > 0) faults.push(`at ${entry}, targets do not arrive: ${lost.join(' ')}`)
  }
  if (forged.effective.length > 0) faults.push(`forged fields are believed: ${forged.effective}`)
  if (forged.passedOn.length > 0) faults.push(`forged fields arrive: ${forged.passedOn}`)
  const harmed = ALL.filter((entry) => !forged.unharmed.includes(entry))
  if (harmed.length > 0) faults.push(`forged fields stop right requests at ${harmed}`)
  if (copies.GET !== 1 || copies.POST !== 1) {
    faults.push(`a failed request is sent ${copies.GET} times with GET, ${copies.POST} with POST`)
  }
  if (address !== "the client's") faults.push(`the address is ${address}`)
  if (sockets.includes(false)) faults.push('a WebSocket does not open')
  return faults
}

/** The explanation must name the options that make the server accept a request without a mistake. */
function explanationFaults({ options }: SetUpResults): readonly string[] {
  const wrong = options.explained.filter((explained) => namedSteps(explained) === null)
  const [first] = wrong
  if (first === undefined) return []
  const remedies = first.remedies.map((names) => names.join(' and ')).join(' or ')
  const entries = wrong.map(({ entry }) => entry).join(', ')
  return [`at ${entries}, the explanation does not name ${remedies}: ${first.sentence}`]
}

/** How an explanation names an option. */
const NAMED: Readonly<Record<string, RegExp>> = {
  origin: /\borigin\b/,
  list: /\borigin\b/,
  trustProxy: /\btrustProxy\b/,
  path: /\bpath:|\b(?:option|Set) path\b/,
}

/** Words with which the explanation goes on to what is less likely, such as another key. */
const LESS_LIKELY = /Check first|another key/

/**
 * Returns the options that an explanation names, in steps: the second step is what it names once `origin` is set.
 * `null` if that does not lead to a server that accepts the request.
 */
export function namedSteps({
  sentence,
  withOrigin,
  remedies,
}: Explained): readonly (readonly string[])[] | null {
  const remedy = remedies.find((names) => names.every((name) => isNamed(name, sentence)))
  if (remedy !== undefined) return [remedy]
  const needsBoth = remedies.some((names) => names.join() === 'path,origin')
  const leads = isNamed('origin', sentence) && isNamed('path', withOrigin ?? '')
  return needsBoth && leads ? [['origin'], ['path']] : null
}

function isNamed(name: string, sentence: string): boolean {
  const [stated = ''] = sentence.split(LESS_LIKELY)
  return NAMED[name]?.test(stated) === true
}

/** What the usual configurations must show. Otherwise the checks of the examples would find nothing. */
const CONTROLS: Readonly<
  Record<string, readonly [what: string, (results: SetUpResults) => boolean][]>
> = {
  nginx: [
    ['a second copy', ({ copies }) => copies.GET > 1],
    [
      'a rewritten target',
      ({ targets }) => targetsThat(targets['80'], 'changed').includes('/a//b'),
    ],
    ['a forged field', ({ forged }) => forged.effective.includes('X-Forwarded-Host')],
    ['a lost port', ({ options }) => options.accepted.trustProxy?.includes('8443') === false],
    ['a forged address', ({ address }) => address === 'as the client says'],
  ],
  haproxy: [
    ['a second copy', ({ copies }) => copies.GET > 1],
    ['a forged field', ({ forged }) => forged.effective.includes('X-Forwarded-Host')],
    ['a forged address', ({ address }) => address === 'as the client says'],
  ],
  Caddy: [
    ['a second copy', ({ copies }) => copies.GET > 1],
    ['a forged field', ({ forged }) => forged.effective.includes('X-Forwarded-Port')],
    [
      'a rewritten target',
      ({ targets }) => targetsThat(targets['80'], 'changed').includes('/a//b'),
    ],
  ],
  Apache: [
    ['a forged field', ({ forged }) => forged.effective.includes('X-Forwarded-Port')],
    [
      'a rewritten target',
      ({ targets }) => targetsThat(targets['80'], 'changed').includes('/a//b'),
    ],
    [
      'a refused target',
      ({ targets }) => targetsThat(targets['80'], 'refused by the proxy').includes('/a%2Fb'),
    ],
  ],
  lighttpd: [
    ['a forged field', ({ forged }) => forged.effective.includes('X-Forwarded-Port')],
    [
      'a rewritten target',
      ({ targets }) => targetsThat(targets['80'], 'changed').includes('/a//b'),
    ],
  ],
  Varnish: [
    ['a second copy', ({ copies }) => copies.GET > 1],
    ['a forged field', ({ forged }) => forged.effective.includes('X-Forwarded-Host')],
  ],
}

function missingControls(name: string, setUps: readonly SetUpResults[]): readonly string[] {
  const usual = setUps.filter(({ setUp }) => !setUp.isExample)
  return (CONTROLS[name] ?? [])
    .filter(([, shows]) => !usual.some(shows))
    .map(([what]) => `${name}: no usual configuration shows ${what}, so the check proves nothing`)
}
