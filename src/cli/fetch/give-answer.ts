import { createWriteStream } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { plain } from '../../protocol/plain-text.ts'
import { unusableFile } from '../failure.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { headLines } from './wire-log.ts'

/**
 * Writes an answer as curl does: its body as it comes, to the standard output or a file. On a terminal,
 * what it would obey or hide is escaped.
 */
export async function giveAnswer(
  response: Response,
  { include, output }: { readonly include: boolean; readonly output: string | null },
  terminal: Terminal,
): Promise<void> {
  if (include) terminal.print(...headLines(response), '')
  if (response.body === null) return
  const body = Readable.from(response.body)
  if (output === null) return pipeline(body, toStandardOutput())
  try {
    await pipeline(body, createWriteStream(output))
  } catch (error) {
    throw unusableFile(`${output} cannot be written: ${(error as Error).message}`)
  }
}

/** The standard output must not be closed. */
function toStandardOutput(): Writable {
  const shown = process.stdout.isTTY ? forTerminal() : null
  return new Writable({
    write(chunk: Uint8Array, _, done) {
      process.stdout.write(shown === null ? chunk : shown(chunk), (error) => done(error))
    },
    final(done) {
      if (shown === null) done()
      else process.stdout.write(shown(null), (error) => done(error))
    },
  })
}

/** Makes text for a terminal of what comes in pieces; `null` stands for the end. */
export function forTerminal(): (chunk: Uint8Array | null) => string {
  const decoder = new TextDecoder()
  return (chunk) => {
    const text = chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true })
    return text
      .split(/(\r?\n|\t)/)
      .map((piece, at) => (at % 2 === 0 ? plain(piece) : piece))
      .join('')
  }
}

/** An answer as one JSON value. A body that is no text is written in base64. */
export async function answerJson(response: Response): Promise<object> {
  const { url, status, statusText, headers } = response
  const bytes = Buffer.from(await response.arrayBuffer())
  const text = bytes.toString('utf8')
  const isText = Buffer.from(text).equals(bytes)
  return {
    url,
    status,
    statusText,
    headers: Object.fromEntries(headers),
    body: isText ? text : bytes.toString('base64'),
    bodyEncoding: isText ? 'utf-8' : 'base64',
  }
}
