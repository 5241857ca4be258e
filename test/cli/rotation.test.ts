import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { rotateInto } from '../../src/cli/commands/rotate.ts'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'

const ROTATION = { graceSeconds: 0, expires: undefined, endEarlierGrace: false }

test('a rotation that was rejected leaves no file', async () => {
  using folder = temporaryFolder()
  const mac = createMac({ database: `sqlite:${folder.path('mac.db')}` })
  const before = await mac.createCredential('ada')
  await mac.revokeCredential(before.id)
  const path = folder.path('new.json')
  await expect(rotateInto(path, mac, before, ROTATION)).rejects.toThrow('was revoked')
  expect(existsSync(path)).toBe(false)
  await mac.close()
})

test('the saved file has the algorithm of the new key, also if someone else changed it meanwhile', async () => {
  using folder = temporaryFolder()
  const mac = createMac({ database: `sqlite:${folder.path('mac.db')}` })
  const before = await mac.createCredential('ada', { algorithm: 'hmac-sha-1' })
  await mac.rotateCredential(before.id, { algorithm: 'hmac-sha-256', graceSeconds: 0 })
  const path = folder.path('new.json')
  const after = await rotateInto(path, mac, before, ROTATION)
  const saved = JSON.parse(readFileSync(path, 'utf8'))
  expect(saved).toMatchObject({ id: before.id, key: after.key, algorithm: 'hmac-sha-256' })
  expect(readdirSync(folder.path('')).filter((name) => name.startsWith('new'))).toEqual([
    'new.json',
  ])
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
  await mac.close()
})

test('if it is not known whether the key was rotated, the file stays, and the error says so', async () => {
  using folder = temporaryFolder()
  const mac = createMac({ database: `sqlite:${folder.path('mac.db')}` })
  const before = await mac.createCredential('ada', { id: 'a1' })
  await mac.close()
  const path = folder.path('new.json')
  await expect(rotateInto(path, mac, before, ROTATION)).rejects.toThrow(
    `It is not known whether a1 was rotated. Keep ${path}: it contains the new key.`,
  )
  expect(JSON.parse(readFileSync(path, 'utf8')).key).toHaveLength(43)
})
