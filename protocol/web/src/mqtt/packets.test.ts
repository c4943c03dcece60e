import { describe, expect, it } from 'vitest'
import { connect, disconnect, PACKET_BYTES_MAX, PacketError, Parser, pingreq, puback, publish, subscribe } from './packets.ts'

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
const bytes = (text: string) => Uint8Array.from(text.split(' '), (byte) => parseInt(byte, 16))
const utf8 = (text: string) => new TextEncoder().encode(text)

describe('golden packets', () => {
  it('are said byte for byte', () => {
    expect(hex(connect({ clientId: 't-1', username: 't-1', password: 'ab', keepAliveS: 20 }))).toBe(
      '10 18 00 04 4d 51 54 54 04 c2 00 14 00 03 74 2d 31 00 03 74 2d 31 00 02 61 62',
    )
    expect(hex(subscribe(10, ['a/b', 'c']))).toBe('82 0c 00 0a 00 03 61 2f 62 01 00 01 63 01')
    expect(hex(publish(11, 'a/b', utf8('hi')))).toBe('32 09 00 03 61 2f 62 00 0b 68 69')
    expect(hex(puback(300))).toBe('40 02 01 2c')
    expect(hex(pingreq())).toBe('c0 00')
    expect(hex(disconnect())).toBe('e0 00')
    expect(hex(publish(1, 'a', new Uint8Array(200)).slice(0, 3))).toBe('32 cd 01')
  })

  it('are heard as what they are', () => {
    const parser = new Parser()
    expect(parser.take(bytes('20 02 00 05'))).toEqual([{ kind: 'connack', code: 5 }])
    expect(parser.take(bytes('90 04 00 0a 01 80 40 02 00 0b d0 00'))).toEqual([
      { kind: 'suback', id: 10, codes: [1, 128] },
      { kind: 'puback', id: 11 },
      { kind: 'pingresp' },
    ])
    expect(parser.take(publish(7, '主题', utf8('内容')))).toEqual([{ kind: 'publish', topic: '主题', payload: utf8('内容'), id: 7 }])
    expect(parser.take(bytes('30 04 00 01 61 62'))).toEqual([{ kind: 'publish', topic: 'a', payload: utf8('b'), id: undefined }])
  })
})

describe('the parser', () => {
  it('takes packets in any pieces', () => {
    const whole = new Uint8Array([...publish(1, 'a/b', utf8('x'.repeat(300))), ...bytes('d0 00'), ...bytes('40 02 00 01')])
    for (let size = 1; size <= whole.length; size += 1) {
      const parser = new Parser()
      const heard = []
      for (let at = 0; at < whole.length; at += size) heard.push(...parser.take(whole.slice(at, at + size)))
      expect(heard.map(({ kind }) => kind)).toEqual(['publish', 'pingresp', 'puback'])
    }
  })

  it('refuses what is too large before it is there', () => {
    const parser = new Parser()
    expect(() => parser.take(bytes('30 ff ff ff 7f'))).toThrow(PacketError)
    expect(PACKET_BYTES_MAX).toBeLessThan(2 ** 28)
    expect(() => new Parser().take(bytes('30 ff ff ff ff'))).toThrow(PacketError)
  })

  it('answers any bytes with packets or a PacketError and nothing else', () => {
    let seed = 4711
    const random = (below: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return seed % below
    }
    const kinds = [0x20, 0x30, 0x32, 0x34, 0x40, 0x90, 0xd0]
    for (let run = 0; run < 20_000; run += 1) {
      const noise = Uint8Array.from({ length: random(40) }, () => random(256))
      if (noise.length > 1 && random(2) === 0) {
        noise[0] = kinds[random(kinds.length)]!
        noise[1] = random(noise.length)
      }
      try {
        const heard = new Parser().take(noise)
        expect(heard.length).toBeLessThanOrEqual(noise.length / 2)
      } catch (error) {
        if (!(error instanceof PacketError)) throw error
      }
    }
  })
})
