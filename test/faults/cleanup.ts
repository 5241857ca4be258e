type Undo = () => unknown

const undos: Undo[] = []
let interrupted = false

/** @returns Whether a signal has ended the run. Later failures are a consequence. */
export function isInterrupted(): boolean {
  return interrupted
}

/** Registers work for the end of the run, also after a failure or Ctrl-C. */
export function cleanupLater(undo: Undo): void {
  undos.push(undo)
  if (interrupted) throw new Error('interrupted')
}

/** Undoes everything, the latest first. Prints a failure, and goes on. */
export async function cleanup(): Promise<void> {
  for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
    try {
      await undo()
    } catch (error) {
      console.error('not cleaned up:', error)
    }
  }
}

/** Makes signals clean up before they end the program. */
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
