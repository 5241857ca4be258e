export { program } from '../support/servers/program.ts'
