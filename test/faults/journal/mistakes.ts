import type { Mistake } from '../mistaken-code.ts'

/** Each rule of the journal, broken once. The model must catch every mistake. */
export const MISTAKES: readonly Mistake[] = [
  {
    name: 'a batch is answered before its sync',
    file: 'store/journal.ts',
    right: 'this.#sync.wait().then(this.#checkRunning)',
    wrong: 'null',
  },
  {
    name: 'a sync confirms a commit that came after it began',
    file: 'store/log-sync.ts',
    right: 'this.#nextSync ??= newSync()',
    wrong:
      'if (this.#runningSync !== null) return this.#runningSync.over\n    this.#nextSync ??= newSync()',
  },
  {
    name: 'rows of other processes are not read',
    file: 'store/journal.ts',
    right: 'if (seq !== this.#seq || tag !== this.#tag) yield* this.#catchUp()',
    wrong: 'this.#seq = seq',
  },
  {
    name: 'a row is identified only by its number',
    file: 'store/journal.ts',
    right: 'if (seq !== this.#seq || tag !== this.#tag) yield* this.#catchUp()',
    wrong: 'if (seq !== this.#seq) yield* this.#catchUp()',
  },
  {
    name: 'reading continues after a row that is identified only by its number',
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
    name: 'the floor is raised only above the last row',
    file: 'store/nonce-expiry.ts',
    right: 'floor = Math.max(floor, Number(latest) + 1)',
    wrong: 'floor = Number(latest) - 1',
  },
  {
    name: 'rows are removed from the middle',
    file: 'store/nonce-expiry.ts',
    right: 'if (removed >= limit || Number(latest) >= earliest) break',
    wrong:
      'if (removed >= limit) break\n    if (Number(latest) >= earliest && Number(latest) > 13) continue',
  },
  {
    name: 'nonces below the floor are accepted as new',
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
    right: 'this.#floor = Math.max(this.#floor, floor)\n    this.#warnFull',
    wrong: 'this.#warnFull',
  },
  {
    name: 'the floor can go down',
    file: 'store/journal.ts',
    right: 'if (floor <= this.#floor) return',
    wrong: 'if (floor === this.#floor) return',
  },
  {
    name: 'a failed commit removes its nonces from memory, also older ones',
    file: 'store/journal.ts',
    right: 'const floor = this.#floor\n',
    wrong:
      'const floor = this.#floor\n    for (const { timestamp } of batch) this.#memory.dropBelow(timestamp + 64)\n',
  },
  {
    name: 'a failed commit counts as successful',
    file: 'store/connection.ts',
    right: "this.#handle.all('commit', [])",
    wrong: "attempt(() => this.#handle.all('commit', []))",
  },
  {
    name: 'a failed sync is ignored',
    file: 'store/log-sync.ts',
    right: 'if (error === null) {',
    wrong: 'if (error !== undefined) {',
  },
  {
    name: 'a failed sync of a commit is ignored',
    file: 'store/journal.ts',
    right: 'if (isFailedSync(error)) this.#halt(error)',
    wrong: '',
  },
  {
    name: 'the mark of a failed sync is written by a commit that syncs',
    file: 'store/journal.ts',
    right: '    write()\n      .catch(write)\n',
    wrong: "    guarded(async () => connection.transact(() => setHalted(db, 1), 'at once'))\n",
  },
  {
    name: 'a failed sync is not visible to other processes',
    file: 'store/journal.ts',
    right: "yield setState(db, 'halted', value)",
    wrong: "if (value === 0) yield setState(db, 'halted', value)",
  },
  {
    name: 'after a failed sync the database can be opened as usual',
    file: 'store/journal.ts',
    right: 'if (Number(row?.busy) !== 0) throw new Error(HALTED)',
    wrong: '',
  },
]
