/** What became of a request: `200`, or the status and the code of the refusal. */
export async function outcome(answer: Response | Promise<Response>): Promise<string> {
  const response = await answer
  const body = await response.text()
  if (response.headers.get('content-type') !== 'application/problem+json') {
    return String(response.status)
  }
  return `${response.status} ${(JSON.parse(body) as { code: string }).code}`
}

/** All of an answer that a client sees but its random reference, to compare two of them. */
export async function wholeAnswer(answer: Response | Promise<Response>): Promise<unknown> {
  const { status, statusText, headers, body } = await answer
  const text = await new Response(body).text()
  const told = text.replace(/"reference":"[0-9a-z]{10}"/, '"reference":"…"')
  return { status, statusText, headers: [...headers], body: told }
}
