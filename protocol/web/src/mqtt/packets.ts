// The packets of MQTT 3.1.1 that a tablet says and hears, as bytes. QoS 0 and 1 only.

export type Heard =
  | { kind: 'connack'; code: number }
  | { kind: 'puback'; id: number }
  | { kind: 'suback'; id: number; codes: number[] }
  | { kind: 'pingresp' }
  | { kind: 'publish'; topic: string; payload: Uint8Array; id: number | undefined }

/** Bytes that are no packet of ours to hear. */
export class PacketError extends Error {}

/** A larger packet ends the connection rather than filling the memory. */
export const PACKET_BYTES_MAX = 1024 * 1024

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export function connect(options: { clientId: string; username: string; password: string; keepAliveS: number }): Uint8Array<ArrayBuffer> {
  const { clientId, username, password, keepAliveS } = options
  // Clean session, user name and password.
  return packet(0x10, text('MQTT'), [4, 0b1100_0010], number(keepAliveS), text(clientId), text(username), text(password))
}

export function subscribe(id: number, topics: readonly string[]): Uint8Array<ArrayBuffer> {
  return packet(0x82, number(id), ...topics.flatMap((topic) => [text(topic), [1]]))
}

export function publish(id: number, topic: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return packet(0x32, text(topic), number(id), payload)
}

export const puback = (id: number) => packet(0x40, number(id))
export const pingreq = () => packet(0xc0)
export const disconnect = () => packet(0xe0)

/** Takes bytes as they come, in any pieces, and gives whole packets. */
export class Parser {
  private bytes = new Uint8Array(0)

  /** @throws {PacketError} where these bytes are no MQTT; nothing more is to be read then. */
  take(more: Uint8Array): Heard[] {
    this.bytes = joined([this.bytes, more])
    const heard: Heard[] = []
    for (let next = this.next(); next; next = this.next()) heard.push(next)
    return heard
  }

  private next(): Heard | undefined {
    let length = 0
    let at = 1
    for (let shift = 0; ; shift += 7, at += 1) {
      const byte = this.bytes[at]
      if (byte === undefined) return undefined
      length += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
      if (shift === 21) throw new PacketError('a length of more than four bytes')
    }
    if (length > PACKET_BYTES_MAX) throw new PacketError('a packet that is too large')
    const end = at + 1 + length
    if (this.bytes.length < end) return undefined
    const first = this.bytes[0]!
    const body = this.bytes.slice(at + 1, end)
    this.bytes = this.bytes.slice(end)
    return read(first, body)
  }
}

function read(first: number, body: Uint8Array): Heard {
  switch (first >> 4) {
    case 2:
      return { kind: 'connack', code: byteAt(body, 1) }
    case 3:
      return readPublish(first, body)
    case 4:
      return { kind: 'puback', id: numberAt(body, 0) }
    case 9:
      return { kind: 'suback', id: numberAt(body, 0), codes: [...body.slice(2)] }
    case 13:
      return { kind: 'pingresp' }
    default:
      throw new PacketError(`a packet of kind ${first >> 4}`)
  }
}

function readPublish(first: number, body: Uint8Array): Heard {
  const qos = (first >> 1) & 3
  if (qos > 1) throw new PacketError(`a message of QoS ${qos}`)
  const end = 2 + numberAt(body, 0)
  if (end > body.length) throw new PacketError('a topic that ends too early')
  let topic: string
  try {
    topic = decoder.decode(body.slice(2, end))
  } catch {
    throw new PacketError('a topic that is no text')
  }
  const id = qos === 1 ? numberAt(body, end) : undefined
  return { kind: 'publish', topic, payload: body.slice(end + (qos === 1 ? 2 : 0)), id }
}

function packet(first: number, ...parts: (Uint8Array | number[])[]): Uint8Array<ArrayBuffer> {
  let rest = parts.reduce((sum, part) => sum + part.length, 0)
  const length: number[] = []
  do {
    length.push((rest % 128) + (rest > 127 ? 128 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return joined([[first], length, ...parts])
}

function text(value: string): Uint8Array {
  const bytes = encoder.encode(value)
  if (bytes.length > 0xffff) throw new PacketError('a text that is too long')
  return joined([number(bytes.length), bytes])
}

const number = (value: number) => [value >> 8, value & 0xff]
const numberAt = (bytes: Uint8Array, at: number) => byteAt(bytes, at) * 256 + byteAt(bytes, at + 1)

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw new PacketError('a packet that ends too early')
  return byte
}

function joined(parts: (Uint8Array | number[])[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
