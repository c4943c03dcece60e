import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { mqtt } from './mqtt.ts'
import { Parser, publish } from './mqtt/packets.ts'

/** A broker's end of a WebSocket. */
class Socket {
  static all: Socket[] = []
  static OPEN = 1
  readyState = 1
  binaryType = ''
  said: number[][] = []
  onopen = () => {}
  onclose = () => {}
  onmessage = (_: { data: ArrayBuffer }) => {}
  constructor() {
    Socket.all.push(this)
  }
  send(bytes: Uint8Array): void {
    this.said.push([...bytes])
  }
  close(): void {
    this.readyState = 3
    this.onclose()
  }
  hear(...bytes: number[]): void {
    this.onmessage({ data: Uint8Array.from(bytes).buffer })
  }
  accept(): void {
    this.onopen()
    this.hear(0x20, 2, 0, 0)
    this.hear(0x90, 3, 0, 1, 1)
  }
}

const news = { up: vi.fn(), down: vi.fn(), refused: vi.fn(), message: vi.fn() }
const open = () => mqtt({ url: 'ws://x/mqtt', clientId: 't-1', username: 't-1', password: 'p', topics: ['a'], ...news })
const newest = () => Socket.all.at(-1)!

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', Socket)
  Socket.all = []
  vi.clearAllMocks()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('is up once its topics are heard, and acknowledges what it hears', () => {
  open()
  newest().accept()
  expect(news.up).toHaveBeenCalledOnce()
  newest().hear(...publish(9, 'a', Uint8Array.of(1)))
  expect(news.message).toHaveBeenCalledWith('a', Uint8Array.of(1))
  expect(newest().said.at(-1)).toEqual([0x40, 2, 0, 9])
})

it('keeps a message once it is acknowledged, and fails it when the connection ends first', async () => {
  const line = open()
  await expect(line.publish('a', Uint8Array.of(1))).rejects.toThrow()
  newest().accept()
  const kept = line.publish('a', Uint8Array.of(1))
  newest().hear(0x40, 2, 0, 2)
  await kept
  const lost = line.publish('a', Uint8Array.of(2))
  newest().close()
  await expect(lost).rejects.toThrow()
})

it('connects again, ever more rarely, and at once after a connection that was up', () => {
  open()
  newest().accept()
  newest().close()
  expect(news.down).toHaveBeenCalledOnce()
  vi.advanceTimersByTime(500)
  expect(Socket.all).toHaveLength(2)
  newest().close()
  vi.advanceTimersByTime(500)
  newest().close()
  vi.advanceTimersByTime(500)
  expect(Socket.all).toHaveLength(3)
  vi.advanceTimersByTime(1_000)
  expect(Socket.all).toHaveLength(4)
})

it('says that it was refused, and by which code', () => {
  open()
  newest().onopen()
  newest().hear(0x20, 2, 0, 5)
  expect(news.refused).toHaveBeenCalledWith(5)
  expect(news.up).not.toHaveBeenCalled()
})

it('takes silence for an end', () => {
  open()
  newest().accept()
  vi.advanceTimersByTime(10_000)
  expect(newest().said.at(-1)).toEqual([0xc0, 0])
  vi.advanceTimersByTime(10_000)
  expect(news.down).toHaveBeenCalledOnce()
})

it('stays closed', () => {
  const line = open()
  newest().accept()
  line.close()
  vi.advanceTimersByTime(60_000)
  expect(Socket.all).toHaveLength(1)
  expect(new Parser().take(Uint8Array.of(0xd0, 0))).toHaveLength(1)
})

it('makes a password for each connection, and connects again where none could be made', async () => {
  const passwords = ['first', undefined, 'third']
  mqtt({ url: 'ws://x/mqtt', clientId: 't-1', username: 't-1', password: async () => passwords.shift(), topics: ['a'], ...news })
  const said = () => new TextDecoder().decode(Uint8Array.from(newest().said[0] ?? []))
  newest().onopen()
  await vi.advanceTimersByTimeAsync(0)
  expect(said()).toContain('first')
  newest().close()
  await vi.advanceTimersByTimeAsync(1_000)
  newest().onopen()
  await vi.advanceTimersByTimeAsync(0)
  expect(newest().said).toEqual([])
  await vi.advanceTimersByTimeAsync(2_000)
  newest().onopen()
  await vi.advanceTimersByTimeAsync(0)
  expect(said()).toContain('third')
})
