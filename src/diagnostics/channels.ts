import { channel } from 'node:diagnostics_channel'
import type { MacMessages } from './messages.ts'

/** A channel of `node:diagnostics_channel`, with the type of what is published on it. */
export interface MacChannel<Message> {
  readonly name: string | symbol
  readonly hasSubscribers: boolean
  /**
   * Calls the listener for each message. The listener runs synchronously, in the asynchronous context of the
   * request, with the active span; the request waits for it. If it throws, that becomes an uncaught exception
   * of the process, and does not change the verdict.
   */
  subscribe(listener: (message: Message, name: string | symbol) => void): void
  unsubscribe(listener: (message: Message, name: string | symbol) => void): void
}

interface Published<Message> extends MacChannel<Message> {
  publish(message: Message): void
}

type All = { readonly [Name in keyof MacMessages]: Published<MacMessages[Name]> }

/**
 * The channels, for publishing. This module keeps them: Bun drops the listeners of a channel that is
 * collected.
 */
export const CHANNELS: All = Object.freeze({
  accepted: channel('withmac:accepted'),
  rejected: channel('withmac:rejected'),
  rotated: channel('withmac:rotated'),
  pruned: channel('withmac:pruned'),
  batch: channel('withmac:batch'),
}) as All

/**
 * The channels of `node:diagnostics_channel` on which all `Mac`s of this process publish:
 * `withmac:accepted`, `withmac:rejected`, `withmac:rotated`, `withmac:pruned` and `withmac:batch`. Without a
 * listener, nothing is measured or published. A request that started before the first listener was added is
 * not published.
 *
 * You can also use `subscribe` of `node:diagnostics_channel` with these names. On Bun, call it after withmac
 * was imported.
 *
 * @example
 * MAC_CHANNELS.rejected.subscribe(({ code, milliseconds }) => console.warn(code, milliseconds))
 */
export const MAC_CHANNELS: {
  readonly [Name in keyof MacMessages]: MacChannel<MacMessages[Name]>
} = CHANNELS
