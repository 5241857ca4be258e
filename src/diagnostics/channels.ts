import { channel } from 'node:diagnostics_channel'
import type { MacMessages } from './messages.ts'

/** A channel of `node:diagnostics_channel`, with the type of what is published on it. */
export interface MacChannel<Message> {
  readonly name: string | symbol
  readonly hasSubscribers: boolean
  /**
   * Calls a listener for each message, at once and where it happens: it keeps the request waiting that
   * it is told of, and runs in its asynchronous context, with the span that is active there. What it
   * throws becomes an uncaught exception of the process, and changes no verdict.
   */
  subscribe(listener: (message: Message, name: string | symbol) => void): void
  unsubscribe(listener: (message: Message, name: string | symbol) => void): void
}

interface Published<Message> extends MacChannel<Message> {
  publish(message: Message): void
}

type All = { readonly [Name in keyof MacMessages]: Published<MacMessages[Name]> }

/** The channels, to publish on. Held here for good: Bun forgets those who listen to one that nobody holds. */
export const CHANNELS: All = Object.freeze({
  accepted: channel('withmac:accepted'),
  rejected: channel('withmac:rejected'),
  rotated: channel('withmac:rotated'),
  pruned: channel('withmac:pruned'),
  batch: channel('withmac:batch'),
}) as All

/**
 * What happens in this process, in all of its `Mac`s: the channels `withmac:accepted`,
 * `withmac:rejected`, `withmac:rotated`, `withmac:pruned` and `withmac:batch` of
 * `node:diagnostics_channel`. Without a listener nothing is measured, and no message made; a request
 * that is on its way when the first one comes is not told of.
 *
 * `subscribe` of `node:diagnostics_channel` takes the same names; on Bun it must come after this library
 * was imported.
 *
 * @example
 * MAC_CHANNELS.rejected.subscribe(({ code, milliseconds }) => console.warn(code, milliseconds))
 */
export const MAC_CHANNELS: {
  readonly [Name in keyof MacMessages]: MacChannel<MacMessages[Name]>
} = CHANNELS
