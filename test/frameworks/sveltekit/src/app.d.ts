declare global {
  namespace App {
    interface Locals {
      /** The user who signed the request, on routes that hooks.server.ts guards. */
      user?: string
    }
  }
}

export {}
