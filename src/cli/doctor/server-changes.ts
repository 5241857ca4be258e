import { bad, type Finding, good } from './finding.ts'
import { fateOf, type Outcome, type Probe } from './probe.ts'

/** A change on the way, by what was changed. */
type Changes = readonly (readonly [what: string, authorization: string, url?: string])[]

/** Changes one thing at a time in a good request, each of which the MAC covers. */
export async function changeFindings(probe: Probe): Promise<Finding[]> {
  const tried: { readonly what: string; readonly outcome: Outcome }[] = []
  for (const [what, authorization, url] of changesOf(probe)) {
    tried.push({ what, outcome: await probe.send(authorization, url) })
  }
  const passed = tried.filter(({ outcome }) => fateOf(outcome) === 'passed')
  if (passed.length > 0) {
    return [
      bad(
        'changes',
        `let in although something was changed: ${passed.map(({ what }) => what).join(', ')}`,
        'this is not how withmac answers: does something before it answer from a cache, or rewrite requests?',
      ),
    ]
  }
  const unclear = tried.filter(({ outcome }) => fateOf(outcome) === 'unclear')
  if (unclear.length > 0) {
    const which = unclear.map(({ what, outcome }) => `${what} (${outcome.status})`).join(', ')
    const text = `cannot be told, as not withmac answered: ${which}`
    return [bad('changes', text, 'try again later, or past what answers so')]
  }
  return [good('changes', `refused, each of them: ${tried.map(({ what }) => what).join(', ')}`)]
}

function changesOf(probe: Probe): Changes {
  const { url } = probe
  const other = `${url}${url.includes('?') ? '&' : '?'}withmac-doctor=1`
  return [
    ['method', probe.sign({ method: 'HEAD' })],
    ['target', probe.sign(), other],
    [
      'timestamp',
      replaced(probe, /\bts="(\d+)(\d)"/, (kept, digit) => `ts="${kept}${otherDigit(digit)}"`),
    ],
    ['nonce', replaced(probe, /\bnonce="()/, () => 'nonce="x')],
    ['ext', withAnotherExt(probe.sign())],
    ['MAC', replaced(probe, /\bmac="()(.)/, (_, first) => `mac="${first === 'A' ? 'B' : 'A'}`)],
  ]
}

function replaced(
  probe: Probe,
  pattern: RegExp,
  change: (one: string, two: string) => string,
): string {
  return probe.sign().replace(pattern, (_, one: string, two: string) => change(one, two))
}

function otherDigit(digit: string): string {
  return digit === '9' ? '8' : String(Number(digit) + 1)
}

function withAnotherExt(authorization: string): string {
  if (/\bext="/.test(authorization)) return authorization.replace(/\bext="([^"]*)"/, 'ext="$1x"')
  return authorization.replace(/, mac="/, ', ext="x", mac="')
}
