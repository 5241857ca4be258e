import type { MacAuthorization } from '../protocol/parameters.ts'
import type { ExplainedLine } from './explanation.ts'
import { ELEMENT_NAMES, ELEMENTS, type Element, elementOf, type Guess } from './guess.ts'
import type { Received } from './received.ts'

/** The seven lines as the server has them. */
export function receivedLines(sent: MacAuthorization, received: Received): ExplainedLine[] {
  const { method, target, host, port } = received
  const { ts, nonce, ext } = sent
  const values = { ts, nonce, method: method.toUpperCase(), target, host, port, ext: ext ?? '' }
  return ELEMENTS.map((element) => ({
    name: ELEMENT_NAMES[element],
    received: values[element],
    signed: null,
  }))
}

/** The same, with what the client signed beside it. */
export function explainedLines(lines: readonly ExplainedLine[], signed: Guess): ExplainedLine[] {
  return lines.map((line, at) => ({
    ...line,
    signed: elementOf(signed, ELEMENTS[at] as Element) ?? '',
  }))
}
