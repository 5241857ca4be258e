/** The start of the types of problem documents, if the operator names none: names that nobody can open. */
export const PROBLEM_NAMES = 'urn:problem-type:withmac:'

const RULE =
  'must be an http or https URL, or a path, that ends with a slash, such as ' +
  '"https://docs.example.com/errors/" or "/errors/"'

/**
 * Returns the end of the `type` of a problem document (RFC 9457 §3.1.1): `body-too-large` for
 * `ERR_MAC_BODY_TOO_LARGE`.
 */
export function problemSlug(code: string): string {
  return code.slice('ERR_MAC_'.length).toLowerCase().replaceAll('_', '-')
}

/**
 * Returns the start of the types of problem documents, as the operator gave it. It does *not* check that there is
 * something to read at these addresses.
 *
 * @throws TypeError if it is not an address of a folder, or has a user, a query or a fragment.
 */
export function problemTypes(option: unknown): string {
  const isFolder =
    typeof option === 'string' &&
    /^(?:https?:\/\/|(?!\/\/)(?=\/))[^\s"<>\\^`{|}?#@\x7f-\uffff]*\/$/.test(option)
  if (!isFolder || option.length > 500 || !isAddress(option)) throw new TypeError(RULE)
  return option
}

/** Whether `URL` can read it. Node 18 lacks `URL.canParse` in its early versions. */
function isAddress(option: string): boolean {
  try {
    return new URL(option, 'https://host.invalid').host !== ''
  } catch {
    return false
  }
}
