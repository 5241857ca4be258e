import type * as OnServers from '../../error-codes.ts'

// What a client needs of the catalogue. The titles are for servers, which send them: an error of a client has a
// message. So here the title is the code, but for the one that a client looks for in responses.

export const describeCode: typeof OnServers.describeCode = (code) => [
  /CLIENT|CHALLENGE/.test(code) ? 500 : 401,
  code === 'ERR_MAC_REPLAY' ? 'The nonce was used before.' : code,
]

export const toldCode: typeof OnServers.toldCode = (code) => code
export const isToldInDetail: typeof OnServers.isToldInDetail = () => false
