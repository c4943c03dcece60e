// The ids of commands. Under one id a command is done once, however often it is sent.

/** A UUID of sixteen bytes. */
export function uuidOf(bytes: Uint8Array, version: number): string {
  const marked = Uint8Array.from(bytes)
  marked[6] = ((marked[6] ?? 0) & 0x0f) | (version << 4)
  marked[8] = ((marked[8] ?? 0) & 0x3f) | 0x80
  const hex = [...marked].map(byte => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

const FNV_OFFSET = 0x6c62272e07bb014262b821756295c58dn
const FNV_PRIME = (1n << 88n) + 0x13bn

/**
 * The id that follows from another, the same at every device: a hash (FNV-1a of 128 bits) of its text. `crypto.subtle`
 * is missing where the page came over plain HTTP from another machine.
 */
export function followingId(id: string): string {
  let hash = FNV_OFFSET
  for (const byte of new TextEncoder().encode(id)) hash = BigInt.asUintN(128, (hash ^ BigInt(byte)) * FNV_PRIME)
  const bytes = Uint8Array.from({ length: 16 }, (_, at) => Number((hash >> BigInt(8 * (15 - at))) & 0xffn))
  return uuidOf(bytes, 8)
}
