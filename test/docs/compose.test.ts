import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '../support/runner.ts'
import { ROOT } from './pages.ts'

/* No container engine runs here: these tests read the compose files. test/stores runs start.sh, beside them. */

const FOLDER = join(ROOT, 'docs/examples/replicas')

interface Service {
  readonly image?: string
  readonly command?: unknown
  readonly ports?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly healthcheck?: object
  readonly depends_on?: Readonly<Record<string, unknown>>
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: object
}

const text = (name: string) => readFileSync(join(FOLDER, name), 'utf8')
const compose = (name: string) => Bun.YAML.parse(text(name)) as Compose
const base = compose('compose.yaml')
const redis = compose('compose.redis.yaml')
const services = { ...redis.services, ...base.services }

test('each service of the compose files has an image of a fixed version, and a healthcheck', () => {
  expect(Object.keys(services).toSorted()).toEqual(['nginx', 'postgres', 'redis', 'server'])
  for (const { image, healthcheck } of Object.values(services)) {
    expect(image).toMatch(/^[\w/]+:\d+\.\d+(\.\d+)?-alpine$/)
    expect(healthcheck).toBeDefined()
  }
})

test('only nginx has a port outside, and only on this machine', () => {
  const open = Object.entries(services).filter(([, { ports }]) => ports !== undefined)
  expect(open.map(([name]) => name)).toEqual(['nginx'])
  expect(services.nginx?.ports).toEqual(['127.0.0.1:8080:8080'])
})

test('the compose files contain no secret: each comes from a variable', () => {
  const variables = [base, redis]
    .flatMap(({ services }) => Object.values(services))
    .flatMap(({ environment = {} }) => Object.entries(environment))
  const secrets = variables.filter(([name]) => /PASSWORD|KEY|AUTH|_URL/.test(name))
  expect(secrets).toHaveLength(5)
  for (const [, value] of secrets) {
    expect(value).toMatch(/^\$\{\w+(:\?[\w. ]+)?\}$|:\/\/\w*:\$\{\w+\}@\w+/)
  }
})

test('git, and so npm, leaves the file with the secrets out', () => {
  expect(text('.gitignore').split('\n')).toContain('.env')
})

test('the variables of the compose files are those that the line for .env sets', () => {
  const [, lines = ''] = /printf '%s=%s\\n' (.*?)> \.env/s.exec(text('compose.yaml')) ?? []
  const set = [...lines.matchAll(/([A-Z_]+) "/g)].map(([, name = '']) => name)
  const used = `${text('compose.yaml')}${text('compose.redis.yaml')}`.matchAll(/(?<!\$)\$\{(\w+)/g)
  expect([...new Set([...used].map(([, name = '']) => name))].toSorted()).toEqual(set.toSorted())
})

test('the compose files keep data in volumes, and start a service after those that it needs', () => {
  expect([Object.keys(base.volumes), Object.keys(redis.volumes)]).toEqual([['postgres'], ['redis']])
  expect(services.postgres?.volumes).toEqual(['postgres:/var/lib/postgresql/data'])
  expect(services.redis?.volumes).toEqual(['redis:/data'])
  const needs = [base.services.nginx, base.services.server, redis.services.server].map((service) =>
    Object.keys(service?.depends_on ?? {}),
  )
  expect(needs).toEqual([['server'], ['postgres'], ['redis']])
  expect(services.redis?.command).toContain('--maxmemory-policy noeviction')
})

test('the image of the servers has the version of Bun that the tests use', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  expect(services.server?.image).toBe(`oven/bun:${devDependencies.bun}-alpine`)
})
