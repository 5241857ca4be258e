/*
 * The npm package smsglobal, over axios. Each request names a method of it, with its arguments. Its argument
 * is the certificate to trust.
 */

const { readFileSync } = require('node:fs')
const https = require('node:https')
const { createInterface } = require('node:readline')
const { createConnection } = https.Agent.prototype

const ca = readFileSync(process.argv[2])
let relay = 0

/** Each connection goes to the relay, whatever host and port the URL names. */
class ToRelay extends https.Agent {
  createConnection(options, onConnected) {
    const there = { ...options, host: '127.0.0.1', port: relay, ca }
    return createConnection.call(this, there, onConnected)
  }
}

const Smsglobal = require('smsglobal')
const client = require('smsglobal/lib/client')
const config = require('smsglobal/lib/config')
client.defaults.httpsAgent = new ToRelay({ keepAlive: false })
const usual = { base: client.defaults.baseURL, host: config.host }

async function answer(request) {
  relay = request.relay
  client.defaults.baseURL = request.base ?? usual.base
  const [part, method, ...details] = request.call
  const sms = new Smsglobal(request.id, request.key)
  try {
    const { statusCode } = await sms[part][method](...details)
    return { status: statusCode }
  } catch (error) {
    return error.statusCode === undefined
      ? { error: String(error.message ?? error) }
      : { status: error.statusCode }
  }
}

async function main() {
  const { version } = require('smsglobal/package.json')
  const axios = require('axios/package.json').version
  console.log(JSON.stringify({ name: 'smsglobal', version, with: `axios ${axios}` }))
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line))))
  }
}

main()
