import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { unusableFile } from './failure.ts'

/**
 * The body that `--data` gives: a text, or the content of a file where it starts with `@`, byte for
 * byte; `@-` is the standard input. Several are joined by `&`, as curl does it.
 *
 * @throws Failure where a file cannot be read.
 */
export async function readData(given: readonly string[]): Promise<Uint8Array | null> {
  if (given.length === 0) return null
  const parts: Buffer[] = []
  for (const data of given) {
    parts.push(data.startsWith('@') ? await readBytes(data.slice(1)) : Buffer.from(data))
  }
  return Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [Buffer.from('&'), part])))
}

/**
 * The content of a file, or of the standard input for `-`: as a stream, since to read a pipe at once
 * fails where nothing has come through it yet.
 *
 * @throws Failure where it cannot be read.
 */
export async function readBytes(path: string): Promise<Buffer> {
  try {
    return path === '-' ? await buffer(process.stdin) : await readFile(path)
  } catch (error) {
    throw unusableFile(
      `${path === '-' ? 'the standard input' : path} cannot be read: ${(error as Error).message}`,
    )
  }
}

/**
 * The text of a file that people may have saved with any editor: UTF-8, with or without a byte order mark.
 * What is no UTF-8 in it is read as U+FFFD.
 *
 * @param path What it is called in messages.
 * @throws Failure where it is UTF-16, as some editors and PowerShell write it.
 */
export function textOf(bytes: Buffer, path: string): string {
  const [first = 0, second = 0] = bytes
  const mark = (first << 8) | second
  // Without a mark, every other byte of plain text is zero.
  const isUtf16 =
    mark === 0xfffe || mark === 0xfeff || first === 0 || (bytes.length > 1 && second === 0)
  if (bytes.length > 0 && isUtf16) {
    throw unusableFile(`${path === '-' ? 'the standard input' : path} is UTF-16: save it as UTF-8.`)
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '')
}

/** Gathers an option that may be given several times. */
export function gather(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}
