import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { environment, npm } from './command.mjs'
import { Server } from './server.mjs'
import { ADA } from './sign.mjs'

/** Folders that are not sources. They exist if someone has run the application in the checkout. */
const NOT_SOURCE =
  /^(?:node_modules|build|dist|\.svelte-kit|\.react-router|\.next|\.astro|\.nitro|\.output)$/

/** A copy of an application outside the checkout, where imports find only installed packages. */
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

  /** Installs the packages of the lock file, and the library from its tarball. */
  install(tarball) {
    const args = ['install', tarball, '--prefer-offline']
    return npm(args, { cwd: this.#folder, env: this.#env })
  }

  /** Runs a script of the application. */
  run(script, env = {}) {
    return npm(['run', script], { cwd: this.#folder, env: { ...this.#env, ...env } })
  }

  /**
   * Starts the server directly, because with npm in between it could not be stopped by a signal.
   *
   * @param args The arguments of the runtime, or a function that makes them of the port.
   * @param env More variables, or a function that makes them of the port. `HOST` and `PORT` are set.
   * @param runtime The path of its binary, by default that of Node.
   */
  start(args, env = {}, runtime = this.#node) {
    return Server.start(runtime, args, { cwd: this.#folder, env: this.#env }, env)
  }

  /** Returns the `fetch` of the installed package that signs for ada. */
  async macFetch(options) {
    const client = this.path('node_modules/withmac/dist/client/index.js')
    const { createMacFetch } = await import(pathToFileURL(client))
    return createMacFetch(ADA, options)
  }
}
