import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { unusableFile } from './failure.ts'

/**
 * Returns the body that `--data` names: the text itself, or the bytes of a file if it starts with `@`;
 * `@-` is stdin. Several values are joined by `&`, as in curl.
 *
 * @throws Failure if a file cannot be read.
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
 * Returns the bytes of a file, or of stdin for `-`. It reads stdin as a stream: a synchronous read fails if
 * the pipe is still empty.
 *
 * @throws Failure if it cannot be read.
 */
export async function readBytes(path: string): Promise<Buffer> {
  try {
    return path === '-' ? await buffer(process.stdin) : await readFile(path)
  } catch (error) {
    throw unusableFile(
      `${path === '-' ? 'stdin' : path} cannot be read: ${(error as Error).message}`,
    )
  }
}

/**
 * Decodes a text file: UTF-8, with or without a byte order mark. It does not reject bytes that are not
 * UTF-8; they become U+FFFD.
 *
 * @param path The name for messages.
 * @throws Failure if it is UTF-16, which some editors and PowerShell write.
 */
export function textOf(bytes: Buffer, path: string): string {
  const [first = 0, second = 0] = bytes
  const mark = (first << 8) | second
  // Without a byte order mark: in UTF-16, every second byte of ASCII text is zero.
  const isUtf16 =
    mark === 0xfffe || mark === 0xfeff || first === 0 || (bytes.length > 1 && second === 0)
  if (bytes.length > 0 && isUtf16) {
    throw unusableFile(`${path === '-' ? 'stdin' : path} is UTF-16: save it as UTF-8.`)
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '')
}

/** Collects the values of an option that can be repeated. */
export function gather(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}
