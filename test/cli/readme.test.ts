import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { withmac } from './run.ts'
import { serveMac } from './served.ts'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const [, block = ''] = /```sh\n(npx --no-install withmac create.*?)```/s.exec(README) ?? []

test("the README's commands work one after the other, as they stand there", async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  await using server = await serveMac({ database })
  const lines = block.trim().split('\n')
  expect(lines.length).toBeGreaterThan(5)
  for (const line of lines) {
    const command = line.replace(/ *#.*/, '').replace('http://localhost:3000/', server.url)
    const { err, status } = await withmac(command.split(' ').slice(3), { cwd: folder.path('.') })
    expect([command, err, status]).toEqual([command, '', 0])
  }
  const mac = createMac({ database })
  expect(await mac.listCredentials({ user: 'ada' })).toHaveLength(2)
  await mac.close()
})
