/** The statuses that a command ends with, stated in its help and in the documentation. */
export const EXIT = {
  ok: 0,
  /** The answer is no: not found, refused, not as it should be. */
  no: 1,
  usage: 2,
  store: 3,
  network: 4,
  internal: 5,
} as const

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT]

/** What each status stands for, for people. */
export const STATUSES: readonly (readonly [ExitStatus, string])[] = [
  [EXIT.ok, 'done; all is well'],
  [EXIT.no, 'the answer is no: not found, refused, a fault was found'],
  [EXIT.usage, 'the command line, or a file that it names, cannot be used'],
  [EXIT.store, 'the database cannot be used'],
  [EXIT.network, 'the server cannot be reached'],
  [EXIT.internal, 'a fault of withmac itself'],
]
