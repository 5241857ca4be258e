declare global {
  namespace App {
    interface Locals {
      /** Who signed the request, on the routes that hooks.server.ts guards. */
      user?: string
    }
  }
}

export {}
