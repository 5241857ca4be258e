/*
 * Imports the modules of its arguments. Traps every function that has an effect outside a module, or that
 * some runtimes do not allow while modules are loaded. Prints the trapped functions that each module called.
 */

let touched: string[] = []
Error.stackTraceLimit = 100

function trap(name: string): () => never {
  return () => {
    touched.push(name)
    throw new Error(`${name} was called while a module was loaded`)
  }
}

/** Node itself calls the trapped functions to load modules. Then the stack contains no module. */
function isByLoader(): boolean {
  const callers = new Error().stack?.split('\n').slice(1) ?? []
  return !callers.some((line) => /file:\/\/|[( ]\//.test(line) && !line.includes(import.meta.url))
}

/** Traps the named functions of a built-in module, or all of them. */
function trapModule(name: string, keys?: readonly string[]): void {
  const module = process.getBuiltinModule(name) as unknown as Record<string, unknown>
  for (const key of keys ?? Object.keys(module).filter((each) => /^[a-z]/.test(each))) {
    const { configurable = false, writable = false } =
      Object.getOwnPropertyDescriptor(module, key) ?? {}
    // A function that cannot be replaced calls another one that is trapped.
    if (typeof module[key] !== 'function' || !(configurable || writable)) continue
    const own = trap(`${name} ${key}`)
    const real = module[key] as (...given: unknown[]) => unknown
    // Not an arrow function: a class must stay constructable.
    const value = function trapped(this: unknown, ...given: unknown[]) {
      return isByLoader() ? real.apply(this, given) : own()
    }
    Object.defineProperty(module, key, { value })
  }
}

function trapGlobal(owner: object, name: string, key: string): void {
  if (!(key in owner)) return
  const value = trap(`${name}${key}`)
  Object.defineProperty(owner, key, { value, configurable: true, writable: true })
}

const print = console.log.bind(console)
const modules = process.argv.slice(2)

trapModule('node:crypto', [
  ...['randomBytes', 'randomUUID', 'randomInt', 'randomFill', 'randomFillSync', 'getRandomValues'],
  ...['generateKey', 'generateKeySync', 'generateKeyPair', 'generateKeyPairSync'],
])
trapModule('node:fs')
trapModule('node:child_process')
trapModule('node:net')
trapModule('node:dns')
trapModule('node:worker_threads', ['Worker'])
trapModule('node:timers')
process.getBuiltinModule('node:module').syncBuiltinESMExports()
for (const key of ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'WebSocket']) {
  trapGlobal(globalThis, '', key)
}
for (const key of ['getRandomValues', 'randomUUID']) trapGlobal(crypto, 'crypto.', key)
trapGlobal(Math, 'Math.', 'random')
for (const key of ['on', 'once', 'addListener', 'prependListener', 'emitWarning']) {
  trapGlobal(process, 'process.', key)
}
const ownEnvironment = trap('process.env')
const environment = new Proxy(process.env, {
  get: (real, name: string) => (isByLoader() ? real[name] : ownEnvironment()),
  has: (real, name) => (isByLoader() ? name in real : ownEnvironment()),
})
Object.defineProperty(process, 'env', { value: environment, configurable: true })

for (const module of modules) {
  touched = []
  const error = await import(module).then(
    () => null,
    (thrown: unknown) => String(thrown),
  )
  print(JSON.stringify({ touched, error }))
}
