import type { Control, Engine } from '../fault.ts'

/** As with a driver that has no timeouts. */
export const patient: Control<Engine> = {
  name: 'servers that wait for a minute',
  breaks: 'deadline',
  timeoutSeconds: 60,
}

/** Requests are accepted if the store fails. */
export const failsOpen: Control<Engine> = {
  name: 'a failure of the store counts as a new nonce',
  breaks: 'once',
  mistakes: [
    {
      name: 'fails open',
      file: 'store/shared-nonces.ts',
      right:
        'for (const request of requests) if (this.#waiting.delete(request)) request.reject(error)',
      wrong: `for (const request of requests) if (this.#waiting.delete(request)) {
        request.resolve({ verdict: 'new', version: null })
      }`,
    },
  ],
}

/** The script of Redis notices a loss, and does not raise the floor. */
export const noGuard: Control<Engine> = {
  name: 'a script that notices no loss',
  breaks: 'once',
  mistakes: [
    {
      name: 'the floor is never raised',
      file: 'store/redis/script.ts',
      right: 'if lost then floor = math.max(floor, now + ahead + 1) end',
      wrong: '',
    },
  ],
}

/** A server of PostgreSQL takes a nonce for new if it was removed. */
export const noFloor: Control<Engine> = {
  name: 'without the floor',
  breaks: 'once',
  mistakes: [
    {
      name: 'nonces below the floor are inserted',
      file: 'store/postgres/nonces.ts',
      right: 'batch.filter(({ timestamp }) => timestamp >= this.#floor)',
      wrong: '[...batch]',
    },
    {
      name: 'nonces below the floor are new',
      file: 'store/postgres/nonces.ts',
      right: "      if (timestamp < floor) return { verdict: 'forgotten', version, floor }\n",
      wrong: '',
    },
  ],
}

/** A server that has told its window does not notice that this is forgotten. */
export const noWindow: Control<Engine> = {
  name: 'a server does not notice that its window is forgotten',
  breaks: 'once',
  mistakes: [
    {
      name: 'a forgotten window in PostgreSQL',
      file: 'store/postgres/nonces.ts',
      right: 'if (told.isWhole && told.aheadSeconds >= this.#ahead) return told',
      wrong: 'if (told.isWhole) return told',
    },
    {
      name: 'a forgotten window in Redis',
      file: 'store/redis/script.ts',
      right: "elseif ARGV[3] == 'again' and tonumber(ARGV[1]) > tonumber(known[2]) then",
      wrong: 'elseif false then',
    },
  ],
}

/** The script takes a primary that has copied another for one that was never a replica. */
export const noCopies: Control<Engine> = {
  name: 'a script that does not ask what the primary has copied',
  breaks: 'once',
  mistakes: [
    {
      name: 'copies are ignored',
      file: 'store/redis/script.ts',
      right: " and copied == '0'",
      wrong: '',
    },
  ],
}

/** Redis forgets a script, and it is not sent again. */
export const noScript: Control<Engine> = {
  name: 'a forgotten script is not loaded again',
  breaks: 'reason',
  mistakes: [
    {
      name: 'no EVAL',
      file: 'store/redis/client.ts',
      right: "return connection.send(keys[0], ['EVAL', text, ...rest])",
      wrong: `const sent = ((globalThis as { sent?: Set<string> }).sent ??= new Set())
    if (sent.has(sha1)) throw error
    sent.add(sha1)
    return connection.send(keys[0], ['EVAL', text, ...rest])`,
    },
  ],
}

/** As with a client that sends a command again after its connection was cut. */
export const redisResend: Control<Engine> = {
  name: 'a command is sent again if its answer is lost',
  breaks: 'reason',
  mistakes: [
    {
      name: 'sent again',
      file: 'store/redis/client.ts',
      right: `      attempt.reason ??= error
      throw attempt.reason`,
      wrong: '      return this.send(key, command)',
    },
  ],
}

export const postgresResend: Control<Engine> = {
  name: 'a statement is sent again if its answer is lost',
  breaks: 'reason',
  mistakes: [
    {
      name: 'sent again',
      file: 'store/postgres/nonces.ts',
      right: "return onceMore(() => this.#connection.run('nonces', statement, values))",
      wrong: `const send = () => this.#connection.run('nonces', statement, values)
    return send().catch(send)`,
    },
  ],
}

/** Servers use tables that they do not know. */
export const anyVersion: Control<Engine> = {
  name: 'without the check of the version',
  breaks: 'right',
  mistakes: [
    {
      name: 'any version',
      file: 'store/migration-steps.ts',
      right: 'if (version > latest) {',
      wrong: 'if (version < 0) {',
    },
  ],
}
