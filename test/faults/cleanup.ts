type Undo = () => unknown

const undos: Undo[] = []
let cleaning: Promise<void> | null = null

/** Sees to it that something is undone at the end, be it a failure or Ctrl-C. */
export function cleanupLater(undo: Undo): void {
  undos.push(undo)
}

/** Undoes everything, the latest first. What fails is told, and the rest is still undone. */
export function cleanup(): Promise<void> {
  cleaning ??= (async () => {
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
      try {
        await undo()
      } catch (error) {
        console.error('not cleaned up:', error)
      }
    }
    cleaning = null
  })()
  return cleaning
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
      await cleanup()
      process.exit(code)
    })
  }
}
