/** @returns The outcome of a request: `200`, or the status and the code of the rejection. */
export async function outcome(answer: Response | Promise<Response>): Promise<string> {
  const response = await answer
  const body = await response.text()
  if (response.headers.get('content-type') !== 'application/problem+json') {
    return String(response.status)
  }
  return `${response.status} ${(JSON.parse(body) as { code: string }).code}`
}

/** @returns Everything that a client sees of an answer, except its random reference. For comparisons. */
export async function wholeAnswer(answer: Response | Promise<Response>): Promise<unknown> {
  const { status, statusText, headers, body } = await answer
  const text = await new Response(body).text()
  const comparable = text.replace(/"reference":"[0-9a-f]{12}"/, '"reference":"…"')
  return { status, statusText, headers: [...headers], body: comparable }
}
