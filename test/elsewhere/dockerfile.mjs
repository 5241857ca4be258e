import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { cleanEnvironment, command } from '../runtimes/setup/command.mjs'

const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8')

/**
 * Follows the Dockerfile of the documentation in a folder that stands for the container's root. The user stays the
 * same, and no port is opened: a container engine would do that.
 *
 * @param context The folder that `COPY` copies from.
 * @param bun The program that the image has.
 * @returns How its command is started.
 */
export async function followDockerfile({ context, bun }) {
  const root = join(dirname(context), 'container')
  const state = { context, root, cwd: root, variables: {}, args: null }
  const [, text] = /```dockerfile\n(.*?)```/s.exec(page) ?? []
  for (const line of text.trim().split('\n')) {
    const [, name, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? []
    assert.ok(name in INSTRUCTIONS, `the test knows this instruction: ${line}`)
    await INSTRUCTIONS[name](rest, state, bun)
  }
  return state
}

const INSTRUCTIONS = {
  FROM: (image) => assert.match(image, /^oven\/bun:1$/),
  WORKDIR(path, state) {
    state.cwd = join(state.root, path)
    mkdirSync(state.cwd, { recursive: true })
  },
  COPY(names, { context, cwd }) {
    const [target, ...patterns] = names.split(' ').reverse()
    for (const pattern of patterns) {
      const exact = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
      const found = readdirSync(context).filter((name) => exact.test(name))
      assert.notEqual(found.length, 0, `there is ${pattern}`)
      for (const name of found) cpSync(join(context, name), join(cwd, target, name))
    }
  },
  async RUN(line, { root, cwd }, bun) {
    const env = cleanEnvironment()
    env.PATH = `${dirname(bun)}${delimiter}${env.PATH}`
    const own = inRoot(line, root).replace('bun:bun', `${process.getuid()}:${process.getgid()}`)
    await command('sh', ['-c', own], { cwd, env })
  },
  USER: (name) => assert.equal(name, 'bun'),
  ENV(line, { root, variables }) {
    for (const pair of line.split(' ')) {
      const [name, value] = pair.split('=')
      variables[name] = inRoot(value, root)
    }
  },
  VOLUME: (path, { root }) => assert.ok(existsSync(join(root, path))),
  // Where Bun.serve listens if nothing else is said.
  EXPOSE: (port) => assert.equal(port, '3000'),
  CMD(json, state) {
    const [program, ...args] = JSON.parse(json)
    assert.equal(program, 'bun')
    state.args = args
  },
}

function inRoot(text, root) {
  return text.replaceAll('/data', join(root, 'data'))
}
