import type { PhotoStanding } from '@holdfast/kit/api.gen.ts'
import { beforeEach, expect, it } from 'vitest'
import type { Answer } from './edge.ts'
import type { QueueItem } from './item.ts'
import type { Photo } from './photo.ts'
import { PhotoSender } from './photoSender.ts'
import { decided, item } from './samples.ts'

const BYTES = 300_000

/** The node's disk, which may take only so many chunks, or answer with a code. */
class Node {
  have = new Map<string, number>()
  sentToCloud = new Set<string>()
  isAway = false
  code: string | undefined
  chunksLeft = Number.POSITIVE_INFINITY
  bytesReceived = 0

  standing(photo: Photo): Answer<PhotoStanding> {
    if (this.isAway) return { unreachable: true }
    if (this.code) return { problem: { type: '', code: this.code, title: this.code, status: 507 } } as Answer<PhotoStanding>
    const have = this.have.get(photo.id) ?? 0
    const whole = this.sentToCloud.has(photo.id) ? 'sent' : 'stored'
    return { value: { state: have === photo.bytes ? whole : have > 0 ? 'partial' : 'missing', have, bytes: photo.bytes } }
  }

  take(photo: Photo, offset: number, chunk: ArrayBuffer): Answer<PhotoStanding> {
    if (this.chunksLeft === 0) this.isAway = true
    if (!this.isAway && !this.code && offset === (this.have.get(photo.id) ?? 0)) {
      this.chunksLeft -= 1
      this.bytesReceived += chunk.byteLength
      this.have.set(photo.id, offset + chunk.byteLength)
    }
    return this.standing(photo)
  }
}

let node: Node
let disk: Map<string, Photo>
let items: QueueItem[]
let now: number
let isDiskFull: boolean
let sender: PhotoSender

function photo(id: string, change: Partial<Photo> = {}): Photo {
  return {
    id, job: 'a', moment: 'after', hash: id, bytes: BYTES, content: new ArrayBuffer(BYTES), taken_at: 0, command: 'command-1',
    state: 'taken', have: 0, attempts: 0, next_at: 0, damaged: 0, ...change,
  }
}

async function open(...photos: Photo[]): Promise<void> {
  for (const each of photos) disk.set(each.id, each)
  sender = new PhotoSender({
    now: () => now,
    disk: {
      photos: async () => [...disk.values()],
      putPhotos: async (photos) => {
        if (isDiskFull) throw new DOMException('full', 'QuotaExceededError')
        photos.forEach((each) => disk.set(each.id, each))
      },
      removePhotos: async (ids) => ids.forEach((id) => disk.delete(id)),
    },
    items: () => items,
    token: () => 'token',
    standing: async (photo) => node.standing(photo),
    send: async (photo, offset, chunk) => node.take(photo, offset, chunk),
    changed: () => {},
    later: () => 0,
    never: () => {},
  })
  await sender.open()
}

const state = (id: string) => disk.get(id)?.state

beforeEach(() => {
  node = new Node()
  disk = new Map()
  items = [item(1, 'complete_order', 'a', { state: 'stored' })]
  now = 1_000
  isDiskFull = false
})

it('keeps a photo until the cloud has it', async () => {
  await open(photo('p'))
  await sender.step()
  expect(state('p')).toBe('stored')
  expect(disk.get('p')!.content.byteLength, 'the node may still lose it').toBe(BYTES)
  node.sentToCloud.add('p')
  now += 60_000
  await sender.step()
  expect(state('p')).toBe('sent')
  expect(disk.get('p')!.content.byteLength).toBe(0)
})

it('goes on where the node has it, wherever the line was cut and the browser killed', async () => {
  for (const chunks of [0, 1, 2]) {
    node = new Node()
    node.chunksLeft = chunks
    await open(photo('p'))
    await sender.step()
    expect(state('p')).toBe('taken')
    Object.assign(node, { isAway: false, chunksLeft: Number.POSITIVE_INFINITY })
    await sender.stop()
    await open()
    now += 60_000
    await sender.step()
    expect(state('p')).toBe('stored')
    expect(node.bytesReceived, `after ${chunks} chunks`).toBe(BYTES)
  }
})

it('sends nothing before its command is at the node, and nothing of a command that came to nothing', async () => {
  await open(photo('p'), photo('draft', { command: undefined }))
  for (const change of [{ state: 'waiting' as const }, { state: 'refused' as const }, { state: 'decided' as const, reply: decided(1, 'rejected') }]) {
    items = [item(1, 'complete_order', 'a', change)]
    await sender.step()
  }
  expect(node.bytesReceived).toBe(0)
  // The record of a confirmed command is not kept for ever.
  items = []
  await sender.step()
  expect(state('p')).toBe('stored')
  expect(state('draft')).toBe('taken')
})

it('keeps what the node has no room for, and sends it again to a node that lost it', async () => {
  await open(photo('p'))
  node.code = 'photo_room_full'
  await sender.step()
  expect(disk.get('p')).toMatchObject({ state: 'taken', code: 'photo_room_full', next_at: expect.toSatisfy((at: number) => at > now) as number })
  node.code = undefined
  await sender.retryNow()
  expect(state('p')).toBe('stored')
  node.have.clear()
  await sender.retryNow()
  expect(state('p')).toBe('stored')
  expect(node.bytesReceived).toBe(2 * BYTES)
})

it('gives up on a photo that arrives changed three times, and says why the cloud refused one', async () => {
  await open(photo('p'))
  node.code = 'photo_damaged'
  for (let tries = 1; tries <= 3; tries += 1) {
    now += 60_000
    await sender.step()
  }
  expect(disk.get('p')).toMatchObject({ state: 'refused', code: 'photo_damaged' })
  await sender.drop(['p'])
  expect(disk.has('p')).toBe(false)
})

it('sends from a full disk, which may empty it', async () => {
  await open(photo('p', { next_at: 100_000 }))
  isDiskFull = true
  await sender.retryNow()
  expect(node.bytesReceived).toBe(BYTES)
  expect(disk.get('p')!.content.byteLength, 'the cloud has not told of it').toBe(BYTES)
})

it('asks a node that has all bytes and not the photo again after a pause', async () => {
  await open(photo('p'))
  let questions = 0
  node.standing = () => {
    questions += 1
    if (questions > 9) throw new Error('it asks without end')
    return { value: { state: 'partial', have: BYTES, bytes: BYTES } }
  }
  await sender.step()
  expect(questions).toBe(1)
  expect(sender.list()[0]!.next_at).toBeGreaterThan(now)
})
