import { MAC_CHANNELS, type MacMessages } from '../../src/index.ts'

type Kept = { readonly [Name in keyof MacMessages]: MacMessages[Name][] }

/** Records the messages of all channels until the end of its scope: `using heard = hearing()`. */
export function hearing(): Kept & Disposable {
  const kept: Kept = { accepted: [], rejected: [], rotated: [], pruned: [], batch: [] }
  const stops = [
    listen('accepted', kept),
    listen('rejected', kept),
    listen('rotated', kept),
    listen('pruned', kept),
    listen('batch', kept),
  ]
  return {
    ...kept,
    [Symbol.dispose]() {
      for (const stop of stops) stop()
    },
  }
}

function listen<Name extends keyof MacMessages>(name: Name, kept: Kept): () => void {
  const keep = (message: MacMessages[Name]) => void kept[name].push(message)
  MAC_CHANNELS[name].subscribe(keep)
  return () => MAC_CHANNELS[name].unsubscribe(keep)
}
