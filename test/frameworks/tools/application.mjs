import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { environment, npm } from './command.mjs'
import { Server } from './server.mjs'

/** What a checkout does not hold: someone may have tried the application where it stands. */
const NOT_SOURCE = /^(?:node_modules|build|\.svelte-kit|\.react-router)$/

/** A copy of an application, outside the checkout, where an import finds what was installed alone. */
export class Application {
  #folder
  #node
  #env

  constructor(source, folder, node) {
    this.#folder = folder
    this.#node = node
    const database = `sqlite:${join(folder, 'orders.db')}`
    this.#env = environment({ node, MAC_DATABASE_URL: database })
    cpSync(source, folder, {
      recursive: true,
      filter: (path) => !NOT_SOURCE.test(path.split(/[\\/]/).at(-1)),
    })
  }

  path(name) {
    return join(this.#folder, name)
  }

  /** Installs what the lock names, and the library's tarball, by its path. */
  install(tarball) {
    return npm(['install', tarball], { cwd: this.#folder, env: this.#env })
  }

  /** Runs one of its scripts. */
  run(script) {
    return npm(['run', script], { cwd: this.#folder, env: this.#env })
  }

  /** Starts it; not by its script, since npm would stand between us and the server. */
  start(args, env = {}) {
    return Server.start(this.#node, args, { cwd: this.#folder, env: { ...this.#env, ...env } })
  }
}
