import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { command } from '../runtimes/setup/command.mjs'

/** The last release of Debian whose versions of both gems have MAC tokens. */
const RELEASE = 'bookworm'

/** What is unpacked from that release: the gems, and what they need in a version that they can use. */
const UNPACKED = [
  'ruby-rack-oauth2',
  'ruby-oauth2',
  'ruby-rack',
  'ruby-faraday',
  'ruby-httpclient',
  'ruby-multi-json',
  'ruby-multipart-post',
]

const HAS_MAC =
  "require 'rack/oauth2'; require 'oauth2'; [Rack::OAuth2::AccessToken::MAC, OAuth2::MACToken]"

/**
 * Returns the variables with which Ruby finds versions of rack-oauth2 and oauth2 that have MAC tokens. Later
 * versions of both do not have them. If the installed ones do not, those of an earlier Debian are unpacked
 * into a folder, and nothing is installed.
 */
export async function rubyEnvironment(folder) {
  if (
    await command('/usr/bin/ruby', ['-e', HAS_MAC]).then(
      () => true,
      () => false,
    )
  )
    return {}
  const root = await unpacked(join(folder, `debian-${RELEASE}`))
  const gems = join(root, 'usr/share/rubygems-integration/all/gems')
  const libraries = existsSync(gems) ? readdirSync(gems).map((gem) => join(gems, gem, 'lib')) : []
  const RUBYLIB = [join(root, 'usr/lib/ruby/vendor_ruby'), ...libraries].join(':')
  return { RUBYLIB }
}

async function unpacked(folder) {
  if (existsSync(folder)) return folder
  mkdirSync(join(folder, '..'), { recursive: true })
  const work = mkdtempSync(`${folder}-`)
  try {
    for (const part of ['lists/partial', 'cache/archives/partial', 'root']) {
      mkdirSync(join(work, part), { recursive: true })
    }
    await download(work)
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      await command('dpkg-deb', ['-x', join(work, file), join(work, 'root')])
    }
    renameSync(join(work, 'root'), folder)
    return folder
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Downloads the packages from the mirror that this machine uses, without a change of its own lists. */
async function download(work) {
  const [mirror] = (
    await command('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])
  ).split('\n')
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(join(work, 'sources.list'), `deb [signed-by=${keys}] ${mirror} ${RELEASE} main\n`)
  const options = [
    '-qq',
    ...['Dir::Etc::sourceparts=-', 'APT::Sandbox::User=root'],
    `Dir::Etc::sourcelist=${work}/sources.list`,
    `Dir::State::lists=${work}/lists`,
    `Dir::Cache=${work}/cache`,
  ].flatMap((option, index) => (index === 0 ? [option] : ['-o', option]))
  await command('apt-get', ['update', ...options])
  await command(
    'apt-get',
    ['download', ...options, ...UNPACKED.map((name) => `${name}/${RELEASE}`)],
    { cwd: work },
  )
}
