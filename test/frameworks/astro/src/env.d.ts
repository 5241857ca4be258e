declare namespace App {
  interface Locals {
    /** The user who signed the request, on routes that src/middleware.ts guards. */
    user?: string
  }
}
