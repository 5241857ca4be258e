import { type AdminOptions, createAdmin } from '../../src/admin/index.ts'
import {
  createMacFetch,
  createTokenFetch,
  type MacFetchOptions,
  type RequestToSign,
  type SignOptions,
  signHeaders,
  signRequest,
  type TokenFetchOptions,
} from '../../src/client/index.ts'
import {
  type CheckOptions,
  type CreateOptions,
  type CredentialChanges,
  createMac,
  type HistoryFilter,
  type MacOptions,
  type ResealOptions,
  type RotateOptions,
  type VerifyOptions,
  type WithMacOptions,
} from '../../src/index.ts'
import { createTokenEndpoint, type TokenEndpointOptions } from '../../src/oauth/index.ts'
import { OPTIONS, type Taker } from '../../src/option-names.ts'
import {
  createTestMac,
  type SignedInit,
  type SignedRequestInit,
  signedRequest,
  type TestMacOptions,
  type TestRequestInit,
} from '../../src/testing/index.ts'
import { describe, expect, test } from '../support/runner.ts'

const URL = 'https://api.example.com/orders'
const KEY = { id: 'ada-id', key: 'ada-key' }
const mac = createMac({ database: 'sqlite::memory:' })
const app = () => new Response()

/** A function that takes options. */
interface Called {
  readonly who: Taker
  readonly call: (options: never) => unknown
  /** The options that are required. */
  readonly needed?: object
  /** A wrong value for each option, and what the message says is valid. */
  readonly wrong: Readonly<Record<string, readonly [value: unknown, rule: string]>>
  /** A misspelled name, and the right one. */
  readonly near: readonly [string, string]
  /** An option of another function, and that function. */
  readonly sibling: readonly [string, string]
  /** Options of another function that this one accepts too. */
  readonly also?: readonly string[]
}

/** The compiler checks that there is a wrong value for each option of a type, and for no other name. */
type Each<Options> = Record<keyof Options, readonly [value: unknown, rule: string]>

const check: Each<CheckOptions> = {
  origin: ['api.example.com', 'must be an origin such as "https://'],
  trustProxy: ['yes', 'must be true, false, "forwarded" or "x-forwarded", not "yes"'],
  clientAddress: ['192.0.2.1', 'must be a function, not "192.0.2.1"'],
  body: ['always', 'must be "required", "optional" or "ignore", not "always"'],
  maxBodyBytes: ['1mb', 'must be a number, not "1mb"'],
  ext: [['a'], 'must be a function, not an array'],
  cors: ['app.example.com', 'must be "*" or origins of pages'],
  onAccept: [true, 'must be a function, not true'],
  onReject: [{}, 'must be a function, not an object'],
  debug: ['yes', 'must be true or false, not "yes"'],
  debugEvenInProduction: [1, 'must be true or false, not 1'],
}
const ofMac: Each<MacOptions> = {
  ...check,
  database: [
    5,
    'must be a URL such as "sqlite:mac.db" or "postgres://…", a Kysely, or a Pool of pg, not a number',
  ],
  nonces: [
    5,
    'must be a URL such as "redis://host:6379", or a client of Redis made by ioredis, redis or Bun, not a number',
  ],
  nonceKeyPrefix: ['a b', 'must be 1 to 64 letters, digits and _:.-, not "a b"'],
  storeTimeoutSeconds: [0, 'must be at least 0.05, not 0'],
  connections: [1, 'must be at least 2, not 1'],
  preparedStatements: ['no', 'must be true or false, not "no"'],
  windowSeconds: [0.5, 'must be a whole number, not 0.5'],
  maxNoncesInMemory: [999, 'must be at least 1000, not 999'],
  clockOffset: [60, 'must be false or { maxSeconds }'],
  sealingKey: [5, 'must be a string, a list of strings, or a function'],
  rateLimit: [true, 'rateLimit takes { failures, requests, store }, not true'],
  problemTypes: [
    'docs.example.com',
    'must be an http or https URL, or a path, that ends with a slash, such as "https://docs.example.com/errors/" or "/errors/", not "docs.example.com"',
  ],
  now: [1_700_000_000, 'must be a function, not 1700000000'],
}
const ofWithMac: Each<WithMacOptions> = {
  ...check,
  mode: ['require', 'must be "required" or "optional", not "require"'],
  allowPreflight: ['yes', 'must be true or false, not "yes"'],
  scope: [5, 'must be a scope, an array of several, or a function that gives them, not 5'],
  requestTarget: ['/a', 'must be a function, not "/a"'],
  path: ['/api', 'must be a function, not "/api"'],
}
const ofVerify: Each<VerifyOptions> = {
  ...ofWithMac,
  requestTarget: [5, "must be a string or node:http's request, not 5"],
  path: [5, 'must be a string, not 5'],
  clientAddress: [7, 'must be a string, not 7'],
}
const ofCreate: Each<CreateOptions> = {
  id: [5, 'must be a string, not a number'],
  key: [5, 'must be a string, not a number'],
  allowShortKey: ['yes', 'must be true or false, not "yes"'],
  algorithm: ['sha256', 'must be "hmac-sha-256" or "hmac-sha-1", not "sha256"'],
  expires: ['tomorrow', 'must be a Date, seconds since 1970, or null for never, not "tomorrow"'],
  label: [5, 'must be a string, not 5'],
  scopes: ['orders:read', 'must be an array, not "orders:read"'],
  rateLimit: [5, 'rateLimit takes { requests, seconds }, not 5'],
  removeWhenExpired: ['yes', 'must be true or false, not "yes"'],
  ifExists: ['replace', 'must be "error" or "keep", not "replace"'],
}
const ofRotate: Each<RotateOptions> = {
  graceSeconds: [-1, 'must be at least 0, not -1'],
  key: [5, 'must be a string, not a number'],
  allowShortKey: ['yes', 'must be true or false, not "yes"'],
  algorithm: ['md5', 'must be "hmac-sha-256" or "hmac-sha-1", not "md5"'],
  expires: [new Date(Number.NaN), 'must be a Date, seconds since 1970, or null for never'],
  endEarlierGrace: [0, 'must be true or false, not 0'],
}
const ofUpdate: Each<CredentialChanges> = {
  label: [['a'], 'must be a string, not an array'],
  scopes: [['a b'], 'must be printable ASCII without space'],
  rateLimit: [[1, 60], 'rateLimit takes { requests, seconds }, not an array'],
}
const ofHistory: Each<HistoryFilter> = {
  id: [5, 'must be a string, not a number'],
  user: [true, 'must be a string, a number, or an object with such an id, not true'],
  limit: [0, 'must be at least 1, not 0'],
}
const ofReseal: Each<ResealOptions> = {
  onProgress: [true, 'must be a function, not true'],
  vacuum: ['no', 'must be true or false, not "no"'],
}
const ofAdmin: Each<AdminOptions> = {
  authorize: [null, 'must be a function, not null'],
  basePath: ['/admin/', 'must be a path such as "/admin", without a slash at its end, or "/"'],
  onError: ['log', 'must be a function, not "log"'],
}
const ofEndpoint: Each<TokenEndpointOptions> = {
  authenticateClient: [true, 'must be a function, not true'],
  algorithm: [
    'md5',
    'must be hmac-sha-256 or hmac-sha-1, or a function that returns it, not "md5"',
  ],
  expiresSeconds: [0, 'must be at least 1, not 0'],
  issueLimit: [5, 'issueLimit takes { requests, seconds }, not 5'],
  origin: check.origin,
  trustProxy: check.trustProxy,
  clientAddress: check.clientAddress,
  onIssue: [1, 'must be a function, not 1'],
  onRefuse: [null, 'must be a function, not null'],
  onError: ['log', 'must be a function, not "log"'],
}
const ofHeaders: Each<Omit<SignOptions, 'ext' | 'body'>> = {
  now: [1_700_000_000, 'must be a function, not 1700000000'],
  clockOffset: [{ maxSeconds: 60 }, 'must be a number of seconds, not an object'],
  nonce: ['n', 'must be a function, not "n"'],
}
const ofSign: Each<SignOptions> = {
  ...ofHeaders,
  ext: [5, 'must be a string, null or a function, not 5'],
  body: ['required', 'must be a boolean, not "required"'],
}
const ofFetch: Each<MacFetchOptions> = {
  ...ofSign,
  fetch: ['fetch', 'must be a function, not "fetch"'],
  maxRedirects: [1.5, 'must be a whole number, 0 or more, not 1.5'],
  trustPlainHttp: [1, 'must be a boolean, not 1'],
}
const ofToken: Each<Omit<TokenFetchOptions, keyof MacFetchOptions>> = {
  tokenEndpoint: ['/token', 'must be an absolute URL, such as "https://'],
  clientId: [7, 'must be a string that is not empty'],
  clientSecret: [7, 'must be a string that is not empty'],
  scope: [7, 'must be scopes of printable ASCII'],
  authentication: ['digest', 'must be "basic" or "body", not "digest"'],
  renewBeforeSeconds: ['5', 'must be a number of seconds, 0 or more, not "5"'],
  timeoutSeconds: [0, 'must be a number of seconds above 0'],
}
const ofRequest: Each<RequestToSign> = {
  method: [5, 'must be a string, not 5'],
  url: [{}, 'must be a string or a URL, not an object'],
  target: [5, 'must be a string, not 5'],
  ext: [5, 'must be a string or null, not 5'],
  body: [{ a: 1 }, 'must be a string, bytes or null, not an object'],
}
const ofTestMac: Each<Omit<TestMacOptions, keyof MacOptions>> = {
  user: [true, 'must be a string, a number, or an object with such an id, not true'],
  scopes: ['a', 'must be an array, not "a"'],
  startsAt: ['today', 'must be a Date or seconds since 1970, not "today"'],
}
const ofTestRequest: Each<Omit<TestRequestInit, keyof RequestInit>> = {
  user: [true, 'must be a string, a number, or an object with such an id'],
  ext: [5, 'must be a string or null, not 5'],
  bindBody: ['yes', 'must be a boolean, not "yes"'],
  nonce: [5, 'must be a string, not 5'],
}
const ofSigned: Each<Omit<SignedRequestInit, keyof RequestInit>> = {
  credential: [null, 'must be an object with id and key'],
  ext: ofTestRequest.ext,
  bindBody: ofTestRequest.bindBody,
  nonce: ofTestRequest.nonce,
  now: [1_700_000_000, 'must be a function, not 1700000000'],
} satisfies Each<Omit<SignedInit & SignedRequestInit, keyof RequestInit>>

const CALLED: readonly Called[] = [
  {
    who: 'createMac',
    call: (options) => createMac(options),
    needed: { database: 'sqlite::memory:' },
    wrong: ofMac,
    near: ['windowSecond', 'windowSeconds'],
    sibling: ['mode', 'withMac and verify'],
  },
  {
    who: 'withMac',
    call: (options) => mac.withMac(app, options),
    wrong: ofWithMac,
    near: ['modes', 'mode'],
    sibling: ['database', 'createMac'],
  },
  {
    who: 'verify',
    call: (options) => mac.verify(new Request(URL), options),
    wrong: ofVerify,
    near: ['client_adress', 'clientAddress'],
    sibling: ['database', 'createMac'],
  },
  {
    who: 'createCredential',
    call: (options) => mac.createCredential('ada', options),
    wrong: ofCreate,
    near: ['expire', 'expires'],
    sibling: ['graceSeconds', 'rotateCredential'],
  },
  {
    who: 'rotateCredential',
    call: (options) => mac.rotateCredential('ada-id', options),
    wrong: ofRotate,
    near: ['grace', 'graceSeconds'],
    sibling: ['ifExists', 'createCredential'],
  },
  {
    who: 'updateCredential',
    call: (options) => mac.updateCredential('ada-id', options),
    wrong: ofUpdate,
    near: ['rateLimits', 'rateLimit'],
    sibling: ['expires', 'createCredential and rotateCredential'],
  },
  {
    who: 'listCredentials',
    call: (options) => mac.listCredentials(options),
    wrong: { user: [true, 'must be a string, a number, or an object with such an id, not true'] },
    near: ['users', 'user'],
    sibling: ['limit', 'credentialHistory'],
  },
  {
    who: 'credentialHistory',
    call: (options) => mac.credentialHistory(options),
    wrong: ofHistory,
    near: ['limits', 'limit'],
    sibling: ['vacuum', 'reseal'],
  },
  {
    who: 'reseal',
    call: (options) => mac.reseal(options),
    wrong: ofReseal,
    near: ['onprogress', 'onProgress'],
    sibling: ['sealingKey', 'createMac'],
  },
  {
    who: 'createTokenEndpoint',
    call: (options) => createTokenEndpoint(mac, options),
    needed: { authenticateClient: () => null },
    wrong: ofEndpoint,
    near: ['authenticate_client', 'authenticateClient'],
    sibling: ['timeoutSeconds', 'createTokenFetch'],
  },
  {
    who: 'createAdmin',
    call: (options) => createAdmin(mac, options),
    needed: { authorize: () => null },
    wrong: ofAdmin,
    near: ['base_path', 'basePath'],
    sibling: ['onIssue', 'createTokenEndpoint'],
  },
  {
    who: 'signRequest',
    call: (options) => signRequest(new Request(URL), KEY, options),
    wrong: ofSign,
    near: ['Nonce', 'nonce'],
    sibling: ['windowSeconds', 'createMac'],
  },
  {
    who: 'signHeaders',
    call: (options) => signHeaders({ url: URL }, KEY, options),
    wrong: ofHeaders,
    near: ['clockOfset', 'clockOffset'],
    sibling: ['body', 'the request of signHeaders'],
  },
  {
    who: 'the request of signHeaders',
    call: (options) => signHeaders(options, KEY),
    needed: { url: URL },
    wrong: ofRequest,
    near: ['methd', 'method'],
    sibling: ['nonce', 'signHeaders'],
  },
  {
    who: 'createMacFetch',
    call: (options) => createMacFetch(KEY, options),
    wrong: ofFetch,
    near: ['maxRedirect', 'maxRedirects'],
    sibling: ['clientId', 'createTokenFetch'],
  },
  {
    who: 'createTokenFetch',
    call: (options) => createTokenFetch(options),
    needed: { tokenEndpoint: 'https://a.example/token', clientId: 'shop', clientSecret: 'secret' },
    wrong: ofToken,
    near: ['renewBefore', 'renewBeforeSeconds'],
    sibling: ['issueLimit', 'createTokenEndpoint'],
    also: OPTIONS.createMacFetch,
  },
  {
    who: 'createTestMac',
    call: (options) => createTestMac(options),
    wrong: ofTestMac,
    near: ['startAt', 'startsAt'],
    sibling: ['bindBody', 'signedRequest of createTestMac'],
    also: OPTIONS.createMac.filter((name) => !['database', 'nonces', 'now'].includes(name)),
  },
  {
    who: 'signedRequest of createTestMac',
    call: async (options) => (await createTestMac()).signedRequest(URL, options),
    wrong: ofTestRequest,
    near: ['header', 'headers'],
    sibling: ['credential', 'signedRequest'],
    also: ['method', 'headers'],
  },
  {
    who: 'signedRequest',
    call: (options) => signedRequest(URL, options),
    needed: { credential: KEY },
    wrong: ofSigned,
    near: ['bindbody', 'bindBody'],
    sibling: ['user', 'signedRequest of createTestMac'],
    also: ['method', 'headers'],
  },
]

/** @returns The message of the TypeError that a call throws, or rejects with. */
async function complaint(call: Called['call'], options: unknown): Promise<string> {
  let error: unknown
  try {
    await call(options as never)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(TypeError)
  return (error as TypeError).message
}

/** @returns The name of a function in messages. */
const named = (who: Taker) => who.replace(/^the request of /, '')

test('every function that takes options is tested below', () => {
  expect(CALLED.map(({ who }) => who).sort()).toEqual((Object.keys(OPTIONS) as Taker[]).sort())
})

for (const { who, call, needed = {}, wrong, near, sibling, also = [] } of CALLED) {
  describe(`${who} throws a TypeError for`, () => {
    test('an unknown option, and lists the options that exist', async () => {
      const message = await complaint(call, { ...needed, nonsense: 1 })
      expect(message).toMatch(/^withmac: /)
      expect(message).toContain(named(who))
      expect(message).toContain('there is no option nonsense: there are ')
      const [, list = ''] = message.split('there are ')
      for (const name of [...OPTIONS[who], ...also]) expect(list.split(/[, ;]+/)).toContain(name)
    })

    test('a misspelled name, and suggests the right one', async () => {
      const message = await complaint(call, { ...needed, [near[0]]: undefined })
      expect(message).toContain(`there is no option ${near[0]}: did you mean ${near[1]}?`)
      expect(message).toContain(named(who))
    })

    test('an option of another function, and names that function', async () => {
      const message = await complaint(call, { ...needed, [sibling[0]]: 1 })
      expect(message).toContain(`${sibling[0]} belongs to ${sibling[1]}`)
      expect(message).toContain(named(who))
    })

    test('each option with a wrong value, and says what is valid', async () => {
      expect(Object.keys(wrong).sort()).toEqual([...OPTIONS[who]].sort())
      for (const [name, [value, rule]] of Object.entries(wrong)) {
        const message = await complaint(call, { ...needed, [name]: value })
        expect(message).toContain(rule)
        expect(message).toContain(name)
        if (name !== 'credential' && name !== 'user') expect(message).toContain(named(who))
      }
    })

    test.each([
      ['null', null],
      ['"fast"', 'fast'],
      ['5', 5],
      ['an empty array', []],
      ['an array', [{ ...needed }]],
      ['a function', () => ({})],
      ['a Map', new Map(Object.entries(needed))],
      ['a Date', new Date()],
      ['a Headers', new Headers()],
      ['a promise', Promise.resolve(needed)],
    ])('%s instead of an object with options', async (shown, options) => {
      const message = await complaint(call, options)
      expect(message).toContain(named(who))
      expect(message).toMatch(/must be an object/)
      expect(message).toContain(`, not ${shown}`)
    })

    test('no option with the value undefined, which counts as left out', async () => {
      const none = [...OPTIONS[who], ...also].map((name) => [name, undefined])
      const refused = await Promise.resolve()
        .then(() => call({ ...Object.fromEntries(none), ...needed } as never))
        .catch((error: unknown) => error)
      // The call may fail for another reason: an unknown credential, or no sealing key.
      if (refused instanceof TypeError) expect(refused.message).toContain('needs a sealing key')
    })

    test('an unknown name on an instance of a class, also if it is inherited', async () => {
      class Config {
        readonly nonsense = 1
        other() {}
      }
      expect(await complaint(call, Object.assign(new Config(), needed))).toContain('nonsense')
      const inherited = Object.assign(Object.create({ nonsense: 1 }), needed)
      expect(await complaint(call, inherited)).toContain('nonsense')
    })
  })
}

describe('an object inside the options', () => {
  const limit = { requests: 1, seconds: 60 }
  test.each([
    [{ failures: 5 }, 'rateLimit.failures: failures takes { requests, seconds }, not 5'],
    [{ requests: [1] }, 'rateLimit.requests: requests takes { requests, seconds }, not an array'],
    [{ failures: { request: 1, seconds: 60 } }, 'no option request: did you mean requests?'],
    [{ failures: { seconds: 60 } }, 'rateLimit.failures.requests: must be a number, not undefined'],
    [
      { failures: { ...limit, nonsense: 1 } },
      'there is no option nonsense: there are requests, seconds',
    ],
    [{ failure: limit }, 'rateLimit: there is no option failure: did you mean failures?'],
    [{ ...limit }, 'there is no option seconds'],
    [{ store: 'disk' }, "rateLimit.store: must be 'memory', a URL that starts with redis:"],
    [new Map(), 'rateLimit takes { failures, requests, store }, not a Map'],
  ])('is checked too: rateLimit %j', async (rateLimit, fault) => {
    const call = (options: object) => createMac({ database: 'sqlite::memory:', ...options })
    expect(await complaint(call, { rateLimit })).toContain(fault)
  })

  test.each([
    [{ maxSecond: 60 }, 'clockOffset: there is no option maxSecond: did you mean maxSeconds?'],
    [{ maxSeconds: '60' }, 'clockOffset.maxSeconds: must be a number, not "60"'],
    [true, 'clockOffset: must be false or { maxSeconds } with a whole number of seconds, not true'],
  ])('is checked too: clockOffset %j', async (clockOffset, fault) => {
    expect(await complaint(createMac, { clockOffset })).toContain(fault)
  })

  test.each([
    ['a client', { user: 'ada', scope: ['a'] }, 'there is no option scope: did you mean scopes?'],
    ['a refusal', { error: 'unauthorized_client', reason: 'x' }, 'there are error, description'],
    ['a limit', { user: 'ada', rateLimit: 5 }, 'rateLimit takes { requests, seconds }, not 5'],
  ])('is checked too: %s that authenticateClient returns', async (_, client, fault) => {
    const errors: unknown[] = []
    const token = createTokenEndpoint(mac, {
      authenticateClient: () => client as never,
      onError: (error) => errors.push(error.cause),
    })
    const body = 'grant_type=client_credentials&client_id=a&client_secret=b'
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await token(new Request('https://a.example/', { method: 'POST', body, headers }))
    expect(answer.status).toBe(503)
    expect(String(errors[0])).toContain('authenticateClient')
    expect(String(errors[0])).toContain(fault)
  })
})

describe('signHeaders', () => {
  test.each([['body'], ['ext']])(
    'does not accept the option %s, which it would not sign',
    async (name) => {
      const call = (options: object) => signHeaders({ url: URL }, KEY, options)
      const message = await complaint(call, { [name]: name === 'body' ? true : 'a' })
      expect(message).toContain(`${name} belongs to the request of signHeaders`)
      expect(message).toMatch(/there are now, clockOffset, nonce$/)
    },
  )

  test('refuses a Request, whose body it cannot read, and names signRequest', async () => {
    const call = () => signHeaders(new Request(URL) as never, KEY)
    expect(await complaint(call, {})).toContain('signRequest')
  })

  test('accepts bytes in any form', () => {
    const bytes = new TextEncoder().encode('hello')
    const fixed = { now: () => 1_700_000_000, nonce: () => 'n' }
    const [first, ...others] = ['hello', bytes, bytes.buffer, new DataView(bytes.buffer)].map(
      (body) => signHeaders({ url: URL, body: body as Uint8Array }, KEY, fixed).authorization,
    )
    for (const other of others) expect(other).toBe(first ?? '')
  })
})

test('options may be an instance of a class, a module, or an object without a prototype', () => {
  class Config {
    readonly maxRedirects = 5
    get trustPlainHttp() {
      return false
    }
    method() {}
  }
  for (const options of [new Config(), Object.create(null), Object.assign(Object.create(null))]) {
    expect(createMacFetch(KEY, options)).toBeInstanceOf(Function)
  }
  const module = Object.defineProperty({ clockOffset: 0 }, Symbol.toStringTag, { value: 'Module' })
  expect(createMacFetch(KEY, module)).toBeInstanceOf(Function)
})

test('a property that a library adds to Object.prototype is not a wrong option', () => {
  const everywhere = Object.prototype as { fromALibrary?: unknown }
  everywhere.fromALibrary = () => {}
  try {
    expect(createMacFetch(KEY, {})).toBeInstanceOf(Function)
  } finally {
    delete everywhere.fromALibrary
  }
})

test.each([
  ['ext', 'a'],
  ['nonce', () => 'n'],
  ['clockOffset', 5],
  ['trustPlainHttp', true],
])(
  'a single request of a MacFetch does not accept %s, which fetch would ignore',
  async (name, value) => {
    let sent = 0
    const fetch = async () => {
      sent++
      return new Response()
    }
    const macFetch = createMacFetch(KEY, { fetch })
    const message = await complaint((init) => macFetch(URL, init), { [name as string]: value })
    expect(message).toContain(`createMacFetch(credential, { ${name} })`)
    expect(sent).toBe(0)
    expect((await macFetch(URL, { [name as string]: undefined } as object)).status).toBe(200)
  },
)

test.each([
  ['bindBody', true, 'createMacFetch(credential, { body: true })'],
  ['credential', KEY, 'createMacFetch(credential)'],
  ['scope', 'orders:read', 'createTokenFetch({ scope })'],
  ['timeoutSeconds', 5, 'createTokenFetch({ timeoutSeconds })'],
])(
  'a single request of a MacFetch refuses %s, and says where it belongs',
  async (name, value, place) => {
    let sent = 0
    const fetch = async () => {
      sent++
      return new Response()
    }
    const macFetch = createMacFetch(KEY, { fetch })
    const init = { method: 'POST', body: 'x', [name as string]: value }
    expect(await complaint((options) => macFetch(URL, options), init)).toContain(`as in ${place}.`)
    expect(sent).toBe(0)
  },
)

test('a single request of a MacFetch accepts all options of fetch and of frameworks', async () => {
  const inits: unknown[] = []
  const fetch = async (_: unknown, init: unknown) => {
    inits.push(init)
    return new Response()
  }
  const init = {
    ...{ keepalive: true, cache: 'no-store', credentials: 'omit', priority: 'high', mode: 'cors' },
    ...{
      next: { revalidate: 60 },
      cf: {},
      dispatcher: {},
      tls: {},
      verbose: false,
      duplex: 'half',
    },
  }
  await createMacFetch(KEY, { fetch })(URL, init as RequestInit)
  expect(inits).toMatchObject([init])
})

test('a credential with a misspelled name for algorithm is refused', () => {
  const credential = { ...KEY, algoritm: 'hmac-sha-1' }
  expect(() => signHeaders({ url: URL }, credential)).toThrow('did you mean algorithm?')
  expect(() =>
    signHeaders({ url: URL }, { ...KEY, user: 'ada', label: 'a' } as never),
  ).not.toThrow()
})

test.each([
  ['createMac', { key: 'very-secret' }],
  ['createMac', { sealingKey: 'very-secret' }],
  ['createMac', { database: 'postgres:/u:very-secret@h/d' }],
  ['createMac', { database: 'postgres://u:very-secret' }],
  ['createMac', { database: 'postgres://u:very-secret@a,b/d' }],
  ['createMac', { database: 'postgres://u:5/very-secret@h/d' }],
  ['createMac', { database: 'mysql://u:very-secret@h/d' }],
  ['createMac', { nonces: 'redis:/u:very-secret@h' }],
  ['createMac', { nonces: 'redis://u:very-secret' }],
  ['createMac', { nonces: 'redis://u:5/very-secret@h' }],
  ['createMac', { nonces: 'http://u:very-secret@h' }],
  ['createMac', { rateLimit: { store: 'mongo://u:very-secret@h/d' } }],
  ['createCredential', { key: ['very-secret'] }],
  [
    'createTokenFetch',
    { clientSecret: 'very-secret\n', clientId: 'a', tokenEndpoint: 'https://a.example' },
  ],
  ['createTokenFetch', { clientSecret: 'a', clientId: 'b', tokenEndpoint: 'very-secret' }],
] as const)('the error of %s does not show a secret: %j', async (who, options) => {
  const called = CALLED.find((each) => each.who === who)
  expect(await complaint(called?.call ?? fail, options)).not.toContain('very-secret')
})

function fail(): never {
  throw new Error('There is no such function.')
}
