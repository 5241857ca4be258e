import type { Mistake } from '../mistaken-code.ts'

/** Each rule of the journal, broken once. The model must notice every one of them. */
export const MISTAKES: readonly Mistake[] = [
  {
    name: 'a batch is answered before its sync',
    file: 'store/journal.ts',
    right: 'this.#sync.wait().then(this.#checkRunning)',
    wrong: 'null',
  },
  {
    name: 'a sync answers for what was committed after it began',
    file: 'store/log-sync.ts',
    right: 'this.#next ??= newSync()',
    wrong: 'if (this.#running !== null) return this.#running.over\n    this.#next ??= newSync()',
  },
  {
    name: 'rows of other processes are not read',
    file: 'store/journal.ts',
    right: 'if (seq !== this.#seq || tag !== this.#tag) yield* this.#catchUp()',
    wrong: 'this.#seq = seq',
  },
  {
    name: 'a row is known by its number alone',
    file: 'store/journal.ts',
    right: 'if (seq !== this.#seq || tag !== this.#tag) yield* this.#catchUp()',
    wrong: 'if (seq !== this.#seq) yield* this.#catchUp()',
  },
  {
    name: 'rows are read on from a number alone',
    file: 'store/journal.ts',
    right: 'Number(first?.seq) !== from || Number(first?.tag) !== tag',
    wrong: 'false',
  },
  {
    name: 'the floor is not raised when nonces are removed',
    file: 'store/nonce-expiry.ts',
    right: "yield raiseState(db, 'nonce_floor', floor)",
    wrong: '',
  },
  {
    name: 'the floor is raised above the last row alone',
    file: 'store/nonce-expiry.ts',
    right: 'floor = Math.max(floor, Number(latest) + 1)',
    wrong: 'floor = Number(latest) - 1',
  },
  {
    name: 'rows are removed that are not the first ones',
    file: 'store/nonce-expiry.ts',
    right: 'if (removed >= limit || Number(latest) >= earliest) break',
    wrong:
      'if (removed >= limit) break\n    if (Number(latest) >= earliest && Number(latest) > 13) continue',
  },
  {
    name: 'below the floor nonces are called new',
    file: 'store/journal.ts',
    right: 'if (timestamp < floor) return forgotten',
    wrong: '',
  },
  {
    name: 'the floor is not read with the rows',
    file: 'store/journal.ts',
    right: "if (first !== undefined) this.#raiseFloor(present('nonce_floor', first.floor))",
    wrong: '',
  },
  {
    name: 'the floor is not raised when memory is full',
    file: 'store/journal.ts',
    right: 'this.#floor = Math.max(this.#floor, floor)\n    this.#tellFull',
    wrong: 'this.#tellFull',
  },
  {
    name: 'a floor that was read is forgotten again',
    file: 'store/journal.ts',
    right: 'if (floor <= this.#floor) return',
    wrong: 'if (floor === this.#floor) return',
  },
  {
    name: 'the nonces of a commit that failed are forgotten, also those known before',
    file: 'store/journal.ts',
    right: 'const floor = this.#floor\n',
    wrong:
      'const floor = this.#floor\n    for (const { timestamp } of batch) this.#memory.dropBelow(timestamp + 64)\n',
  },
  {
    name: 'a commit that failed passes for one that came about',
    file: 'store/connection.ts',
    right: "this.#handle.all('commit', [])",
    wrong: "attempt(() => this.#handle.all('commit', []))",
  },
  {
    name: 'a failed sync is passed over',
    file: 'store/log-sync.ts',
    right: 'if (failed === null) {',
    wrong: 'if (failed !== undefined) {',
  },
  {
    name: 'a failed sync of a commit is passed over',
    file: 'store/journal.ts',
    right: 'if (isFailedSync(error)) this.#halt(error)',
    wrong: '',
  },
  {
    name: 'that a sync failed is written by a commit that syncs',
    file: 'store/journal.ts',
    right: '    write()\n      .catch(write)\n',
    wrong: "    guarded(async () => connection.transact(() => setHalted(db, 1), 'at once'))\n",
  },
  {
    name: 'a failed sync is not told to other processes',
    file: 'store/journal.ts',
    right: "yield setState(db, 'halted', value)",
    wrong: "if (value === 0) yield setState(db, 'halted', value)",
  },
  {
    name: 'the database is opened after a failed sync as after any other end',
    file: 'store/journal.ts',
    right: 'if (Number(row?.busy) !== 0) throw new Error(HALTED)',
    wrong: '',
  },
]
