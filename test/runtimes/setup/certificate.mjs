import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { command } from './command.mjs'

/** Makes a key and a self-signed certificate for the given names, in a folder of its own for the first one. */
export async function certificate(cache, names = ['localhost']) {
  const folder = join(cache, names[0] === 'localhost' ? 'certificate' : `certificate-${names[0]}`)
  mkdirSync(folder, { recursive: true })
  const files = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') }
  if (existsSync(files.cert)) return files
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const alternatives = names.map((each) => `DNS:${each}`).join(',')
  const name = ['-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${alternatives}`]
  const out = ['-days', '3650', '-keyout', files.key, '-out', files.cert]
  await command('openssl', ['req', '-x509', ...curve, ...name, ...out]).catch((error) => {
    if (error.code !== 'ENOENT') throw error
    throw new Error('There is no openssl: on Debian, run "apt-get install openssl".')
  })
  return files
}
