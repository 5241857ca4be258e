import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '../support/runner.ts'
import { page, ROOT } from './pages.ts'

const NAMED = /\b(?:src|test|docs|bench)\/[\w./-]*\w/g

test('each file and folder named in docs/architecture.md exists', () => {
  const named = page('docs/architecture.md').text.match(NAMED) ?? []
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

/** What the drawing shows: an arrow from a room to another, by the names that its boxes have. */
function drawnArrows(text: string): (readonly [string, string])[] {
  const [, drawing = ''] = /```mermaid\n(.*?)```/s.exec(text) ?? []
  const named = new Map(
    Array.from(drawing.matchAll(/(\w+)\["([\w.-]+):/g), ([, id = '', room = '']) => [id, room]),
  )
  const arrows = drawing.matchAll(/^ {2}(\w+)(?:\[.*?\])? -(?:->|\. .*? \.->) (\w+)/gm)
  return Array.from(arrows, ([, from = '', to = '']) => [
    named.get(from) ?? from,
    named.get(to) ?? to,
  ])
}

/** Whether a file in one room imports a file in the other. */
function imports(from: string, to: string): boolean {
  const room = join(ROOT, 'src', from)
  const files = statSync(room).isFile()
    ? [room]
    : readdirSync(room, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(room, file))
  return files.some((file) =>
    readFileSync(file, 'utf8').includes(`/${to}${to.endsWith('.ts') ? "'" : '/'}`),
  )
}

test('each arrow in docs/architecture.md is an import, and each room of src is drawn', () => {
  const arrows = drawnArrows(page('docs/architecture.md').text)
  expect(arrows.length).toBeGreaterThan(10)
  expect(arrows.filter(([from, to]) => !imports(from, to))).toEqual([])
  const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
  const drawn = new Set(arrows.flat())
  expect(rooms.filter((room) => !drawn.has(room))).toEqual([])
  expect(imports('protocol', 'server')).toBe(false)
})
