/**
 * All that makes a nonce what it is (draft §3.1), as one text, of a nonce to record or of its row. No
 * nonce's own text is such a one: none holds a line feed.
 */
export function nonceName(timestamp: unknown, credential: unknown, nonce: unknown): string {
  return `${timestamp}\n${credential}\n${nonce}`
}
