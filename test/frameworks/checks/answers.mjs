import { isDeepStrictEqual } from 'node:util'

/** Demands an answer's status and body. */
export function demandAnswer(answer, status, body) {
  if (answer.status === status && isDeepStrictEqual(answer.body, body)) return
  throw new Error(`${show({ status, body })} was expected, and this came: ${show(answer)}`)
}

/** Demands a good answer whose body, parsed or not, holds a text. */
export function demandText(answer, text) {
  const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  if (answer.status === 200 && text.test(body)) return
  throw new Error(`200 with ${text} was expected, and this came: ${show(answer)}`)
}

/** Demands a refusal: the challenge and the code. */
export function demandRefusal(answer, code) {
  const { status, headers, body } = answer
  const challenge = headers['www-authenticate'] ?? ''
  const right = code === 'ERR_MAC_MISSING' ? challenge === 'MAC' : /^MAC error="/.test(challenge)
  if (status === 401 && right && body.code === code) return
  throw new Error(`401 ${code} was expected, and this came: ${show({ ...answer, challenge })}`)
}

function show({ status, challenge, body }) {
  return JSON.stringify({ status, challenge, body }).slice(0, 500)
}
