/**
 * For the 174 raw requests: how many are accepted with a signature over what was sent, how many only with one
 * over what the runtime shows, and how many with neither. Each answer is checked against the rules. These
 * numbers make it visible if a new version of a runtime shows something else.
 */
export const EXPECTED = {
  'bun bun required': counts(61, 25, 88),
  'deno deno required': counts(90, 4, 80),
  'node-18 hono required': counts(59, 14, 101),
  'node-18 hono raw': counts(72, 0, 102),
  'node-20 hono required': counts(62, 7, 105),
  'node-20 hono raw': counts(74, 0, 100),
  'node-20 srvx required': counts(60, 10, 104),
  'node-20 srvx raw': counts(74, 0, 100),
  'node-22 hono required': counts(62, 7, 105),
  'node-22 hono raw': counts(74, 0, 100),
  'node-22 srvx required': counts(60, 10, 104),
  'node-22 srvx raw': counts(74, 0, 100),
  'node-24 hono required': counts(61, 8, 105),
  'node-24 hono raw': counts(74, 0, 100),
  'node-24 srvx required': counts(59, 11, 104),
  'node-24 srvx raw': counts(74, 0, 100),
  'node-26 hono required': counts(61, 8, 105),
  'node-26 hono raw': counts(74, 0, 100),
  'node-26 srvx required': counts(59, 11, 104),
  'node-26 srvx raw': counts(74, 0, 100),
}

function counts(wire, shown, rejected) {
  return { wire, shown, rejected }
}
