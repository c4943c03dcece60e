// A receipt opens its order for anyone who has it, at this node and in the cloud. Its secret is made here; the order's
// id commits to it, as `protocol/wire/src/receipt_secret.rs` checks: the id's random bits are bits of the secret's hash.

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 16
/** Separates these hashes from all others. */
const PURPOSE = 'holdfast receipt '

/** Sixteen characters with five random bits each. */
export function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(LENGTH))
  return Array.from(bytes, (byte) => ALPHABET[byte & 31]).join('')
}

/** An id of this moment that the secret opens: a UUID of version 7. */
export function orderIdFor(secret: string, now: number): string {
  const bytes = hashOf(new TextEncoder().encode(PURPOSE + secret)).slice(0, 16)
  for (let at = 0; at < 6; at += 1) bytes[at] = Math.floor(now / 2 ** (40 - 8 * at)) % 256
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export type Receipt = { code: string; secret: string }

/** The public page of the order. */
export const trackingLink = (portal: string, { code, secret }: Receipt): string => `${portal}/track/${code}?s=${secret}`

/** The secret as it stands on paper. */
export const groupsOf = (secret: string): string => secret.match(/.{1,4}/g)?.join('-') ?? ''

/** Letters and digits as people mistake them. */
const meant = (text: string): string => text.toUpperCase().replace(/[IL]/g, '1').replace(/O/g, '0')

/** A code that was typed, with or without its hyphen; undefined until it is whole. */
export function codeFrom(typed: string): string | undefined {
  const [, letter, body] = /^([NSEWM])-?([0-9A-Z]{6})$/i.exec(typed.replace(/\s/g, '')) ?? []
  return letter && body ? `${letter.toUpperCase()}-${meant(body)}` : undefined
}

/** A secret that was typed; undefined until it is whole. */
export function secretFrom(typed: string): string | undefined {
  const secret = meant(typed.replace(/[\s-]/g, ''))
  return secret.length === LENGTH && [...secret].every((letter) => ALPHABET.includes(letter)) ? secret : undefined
}

/** A scanner types the link that the receipt's QR code holds. */
export function receiptFromLink(typed: string): Receipt | undefined {
  const [, path, words] = /\/track\/([^?#/]+)\?([^#]+)/.exec(typed) ?? []
  const code = path && codeFrom(path)
  const secret = words && secretFrom(new URLSearchParams(words).get('s') ?? '')
  return code && secret ? { code, secret } : undefined
}

// BLAKE3 of at most 64 bytes, which is one block of one chunk and its root. The browser's own hashes are missing on a
// page that came without TLS, and are others.
const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19] as const
const ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8] as const
const ROUNDS = 7
const BLOCK_BYTES = 64
/** The flags of a chunk's start, its end and the root. */
const ONLY_BLOCK = 1 | 2 | 8
const COLUMNS_AND_DIAGONALS = [
  [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
] as const

export function hashOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length > BLOCK_BYTES) throw new RangeError('only one block is hashed here')
  const block = new Uint8Array(BLOCK_BYTES)
  block.set(bytes)
  const view = new DataView(block.buffer)
  let words = Array.from({ length: 16 }, (_, at) => view.getUint32(4 * at, true))
  const state = Uint32Array.from([...START, ...START.slice(0, 4), 0, 0, bytes.length, ONLY_BLOCK])
  for (let round = 0; round < ROUNDS; round += 1) {
    COLUMNS_AND_DIAGONALS.forEach(([a, b, c, d], at) => mix(state, a, b, c, d, words[2 * at]!, words[2 * at + 1]!))
    words = ORDER.map((from) => words[from]!)
  }
  const hash = new DataView(new ArrayBuffer(32))
  for (let at = 0; at < 8; at += 1) hash.setUint32(4 * at, state[at]! ^ state[at + 8]!, true)
  return new Uint8Array(hash.buffer)
}

function mix(state: Uint32Array, a: number, b: number, c: number, d: number, x: number, y: number): void {
  state[a] = state[a]! + state[b]! + x
  state[d] = turn(state[d]! ^ state[a]!, 16)
  state[c] = state[c]! + state[d]!
  state[b] = turn(state[b]! ^ state[c]!, 12)
  state[a] = state[a]! + state[b]! + y
  state[d] = turn(state[d]! ^ state[a]!, 8)
  state[c] = state[c]! + state[d]!
  state[b] = turn(state[b]! ^ state[c]!, 7)
}

const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by))
