import { format } from 'node:util'

// The suite is written for bun:test. On Node and Deno this file builds the same functions from
// node:test, expect and jest-mock, so that the same test files run on all three.
// Tests must not use the sealing key of the developer's environment.
delete process.env.MAC_SEALING_KEY
// bun:test sets the same value. With it, servers print no rejected requests.
Object.assign(process.env, { NODE_ENV: 'test' })

type BunTest = Pick<
  typeof import('bun:test'),
  'afterAll' | 'afterEach' | 'beforeAll' | 'describe' | 'expect' | 'spyOn' | 'test'
>

type Body = (...row: unknown[]) => unknown

const runner: BunTest =
  process.versions.bun === undefined ? await fromNode() : await import('bun:test')

export const afterAll: BunTest['afterAll'] = runner.afterAll
export const afterEach: BunTest['afterEach'] = runner.afterEach
export const beforeAll: BunTest['beforeAll'] = runner.beforeAll
export const describe: BunTest['describe'] = runner.describe
export const expect: BunTest['expect'] = runner.expect
export const spyOn: BunTest['spyOn'] = runner.spyOn
export const test: BunTest['test'] = runner.test

async function fromNode(): Promise<BunTest> {
  const node = await import('node:test')
  const { expect } = await import('expect')
  const { spyOn } = await import('jest-mock')
  const test = (name: string, body: () => unknown) =>
    void node.test(name, () => body() as Promise<void>)
  const skip = (name: string) => void node.test.skip(name)
  const describe = (name: string, body: () => void) => void node.describe(name, body)
  return {
    afterAll: node.after,
    afterEach: node.afterEach,
    beforeAll: node.before,
    describe: Object.assign(describe, { each: forEachRow(describe) }),
    expect,
    spyOn,
    test: Object.assign(test, {
      each: forEachRow(test),
      skip: Object.assign(skip, { each: forEachRow(skip) }),
    }),
  } as unknown as BunTest
}

/** Runs one test or group for each row. An array is spread, and its first values fill the name. */
function forEachRow(run: (name: string, body: () => void) => void) {
  return (rows: readonly unknown[]) => (name: string, body: Body) => {
    for (const row of rows) {
      const values = Array.isArray(row) ? row : [row]
      const places = name.match(/%[sdijo]/g)?.length ?? 0
      run(format(name, ...values.slice(0, places)), () => body(...values) as undefined)
    }
  }
}
