export { type Admin, createAdmin } from './admin.ts'
export type { AdminOptions, Authorize } from './options.ts'
