export { freePort, type StoreServer, storeServer } from '../support/servers/store-server.ts'
