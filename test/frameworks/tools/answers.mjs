import { isDeepStrictEqual } from 'node:util'

/** Throws if an answer has another status or body. */
export function demandAnswer(answer, status, body) {
  if (answer.status === status && isDeepStrictEqual(answer.body, body)) return
  throw new Error(`${show({ status, body })} was expected, but this came: ${show(answer)}`)
}

/** Throws if an answer is not a 200 whose body contains a text. */
export function demandText(answer, text) {
  const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  if (answer.status === 200 && text.test(body)) return
  throw new Error(`200 with ${text} was expected, but this came: ${show(answer)}`)
}

/** Throws if an answer is not a 401 with this code and its challenge. */
export function demandRejection(answer, code) {
  const { status, headers, body } = answer
  const challenge = headers['www-authenticate'] ?? ''
  const right = code === 'ERR_MAC_MISSING' ? challenge === 'MAC' : /^MAC error="/.test(challenge)
  if (status === 401 && right && body.code === code) return
  throw new Error(`401 ${code} was expected, but this came: ${show({ ...answer, challenge })}`)
}

function show({ status, challenge, body }) {
  return JSON.stringify({ status, challenge, body }).slice(0, 500)
}
