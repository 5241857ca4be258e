import { HTTP, HTTP2 } from '../client.ts'
import type { Lab } from '../lab.ts'
import { targetPair } from '../record.ts'
import { targetOf } from '../recorder.ts'

/** Request targets that some proxy or server rewrites or refuses. */
export const TARGETS: readonly string[] = [
  '/',
  '/orders/',
  '/?',
  '/orders?',
  '/orders?a=1&b=2',
  '/orders?=',
  '/a%2Fb',
  '/a%2fb',
  '//a',
  '/a//b',
  '/a/./b',
  '/a/../b',
  '/a/..;/b',
  '/%2e%2e/a',
  '/~user',
  '/%7Euser',
  '/%7euser',
  '/%61',
  '/caf%C3%A9',
  '/caf%c3%a9',
  '/a%20b',
  '/a+b?c=d+e',
  '/a;v=1/b;v=2',
  '/a;v=1?b',
  "/a'b",
  "/a?b='c'",
  '/a(b)!*$,:@&=',
  '/a^b',
  '/a|b',
  '/[a]?b[]=1',
  '/{a}',
  '/a?b={"c":1}',
  '/a%5Cb',
  '/a\\b',
  '/a?b=c?d/e//f/../g',
  '/a?b=%3D%253D&c=%zz',
  '/%zz',
  '/a%00b',
  `/a?b=${'0123456789'.repeat(400)}`,
  '?a=1',
]

/** How a target is shown in the page. */
export function shownTarget(target: string): string {
  return target.length > 100
    ? 'a query of 4,000 characters'
    : `\`${target}\``.replaceAll('|', '\\|')
}

/** What became of a target. */
export interface TargetResult {
  readonly wire: 'unchanged' | 'changed' | 'refused by the proxy'
  /** Whether withmac on Bun accepted it. */
  readonly isAccepted: boolean
}

/** The results by target. */
export type TargetResults = Readonly<Record<string, TargetResult>>

/** Sends each target, over HTTP/1.1 and HTTP/2, with the options that the set-up needs. */
export async function checkTargets(lab: Lab): Promise<Readonly<Record<string, TargetResults>>> {
  const results: Record<string, TargetResults> = {}
  for (const entry of [HTTP, HTTP2]) {
    const ofEntry: Record<string, TargetResult> = {}
    // Over HTTP/2, and below a prefix, a target starts with a slash.
    const mayBeEmpty = !entry.http2 && !lab.setUp.cutsPrefix
    for (const target of TARGETS.filter((target) => mayBeEmpty || target.startsWith('/'))) {
      const sent = { entry, target: lab.outside(target) }
      const { id, answer, arrived } = await lab.send(lab.originOptions(entry), sent)
      const [head] = arrived
      const received = head === undefined ? null : targetOf(head)
      const wire =
        received === null ? 'refused by the proxy' : received === target ? 'unchanged' : 'changed'
      const seen = lab.backend.reportOf(id)
      if (wire === 'changed' && seen !== undefined && entry === HTTP && !lab.setUp.cutsPrefix) {
        const pair = targetPair(lab.recording, { entry, target, seen })
        if (pair !== null) lab.pairs.push(pair)
      }
      ofEntry[target] = { wire, isAccepted: answer.status === 200 }
    }
    results[entry.name] = ofEntry
  }
  return results
}

/** Returns the targets of which this is true. */
export function targetsThat(
  results: TargetResults | undefined,
  wire: TargetResult['wire'],
): readonly string[] {
  return Object.keys(results ?? {}).filter((target) => results?.[target]?.wire === wire)
}
