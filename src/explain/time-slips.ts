import type { Alternative } from './guess.ts'

/** Timestamps that a client may have signed in place of the one that it sent. */
export interface TimeSlips {
  readonly usual: readonly Alternative[]
  /** Each millisecond of the second that was sent. */
  readonly many: readonly Alternative[]
}

/** In milliseconds since 1970, from 2001 on to 2286. */
const MILLISECONDS = /^[0-9]{13}$/
const SECONDS = /^[0-9]{9,10}$/

/** Whether a timestamp is likely to be in milliseconds. */
export function looksLikeMilliseconds(ts: string): boolean {
  return MILLISECONDS.test(ts)
}

/** @param ts As it was sent, perhaps no timestamp at all. */
export function timeSlips(ts: string): TimeSlips {
  if (MILLISECONDS.test(ts)) {
    const seconds = Math.floor(Number(ts) / 1000)
    return { usual: [sentMilliseconds(seconds), sentMilliseconds(seconds + 1)], many: [] }
  }
  if (SECONDS.test(ts)) {
    const near = [1, -1, 2, -2].map((by) => tookTwice(String(Number(ts) + by)))
    const many = Array.from({ length: 999 }, (_, at) =>
      signedMilliseconds(`${ts}${String(at + 1).padStart(3, '0')}`),
    )
    return { usual: [signedMilliseconds(`${ts}000`), ...near], many }
  }
  const seconds = Math.floor(/^[0-9.]+$/.test(ts) ? Number(ts) : Date.parse(ts) / 1000)
  return { usual: Number.isSafeInteger(seconds) ? [sentOtherwise(String(seconds))] : [], many: [] }
}

function sentMilliseconds(seconds: number): Alternative {
  return {
    kind: 'ts-milliseconds-sent',
    rank: 1,
    side: 'client',
    matches: `ts in seconds, ${seconds}`,
    did: 'the client signed seconds and sent milliseconds',
    change: 'let the client send ts in seconds, as it signs it',
    differs: { ts: String(seconds) },
  }
}

function signedMilliseconds(ts: string): Alternative {
  return {
    kind: 'ts-milliseconds-signed',
    rank: 1,
    side: 'client',
    matches: `ts in milliseconds, ${ts}`,
    did: 'the client signed milliseconds and sent seconds',
    change: 'let the client sign ts in seconds, as it sends it',
    differs: { ts },
  }
}

function tookTwice(ts: string): Alternative {
  return {
    kind: 'ts-twice',
    rank: 2,
    side: 'client',
    matches: `ts ${ts}`,
    did: `the client signed ts ${ts} and sent another`,
    change: 'let the client take the time once, and sign and send that',
    differs: { ts },
  }
}

function sentOtherwise(ts: string): Alternative {
  return {
    kind: 'ts-format',
    rank: 1,
    side: 'client',
    matches: `ts ${ts}`,
    did: `the client signed ts ${ts} and sent it in another form`,
    change: 'let the client send ts in whole seconds since 1970, as it signs it',
    differs: { ts },
  }
}
