type Undo = () => unknown

const undos: Undo[] = []
let interrupted = false

/** Whether a signal has ended the run: what fails from then on, fails because of it. */
export function isInterrupted(): boolean {
  return interrupted
}

/** Sees to it that something is undone at the end, be it a failure or Ctrl-C. */
export function cleanupLater(undo: Undo): void {
  undos.push(undo)
  if (interrupted) throw new Error('interrupted')
}

/** Undoes everything, the latest first. What fails is told, and the rest is still undone. */
export async function cleanup(): Promise<void> {
  for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
    try {
      await undo()
    } catch (error) {
      console.error('not cleaned up:', error)
    }
  }
}

/** Cleans up before a signal ends the program. */
export function cleanupOnSignals(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, async () => {
      console.error(`\n${signal}: cleaning up`)
      interrupted = true
      await cleanup()
      process.exit(code)
    })
  }
}
