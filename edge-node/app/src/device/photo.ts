// A photo of the work on this tablet: small enough for a thin line, without its place and camera, named by its hash.
import type { PhotoRef } from '@holdfast/kit/api.gen.ts'
import { isCodeRefusal, type QueueItem, succeeded } from './item.ts'

export type Photo = PhotoRef & {
  id: string
  /** The order that it belongs to, and no other. */
  job: string
  moment: 'before' | 'after'
  taken_at: number
  content: ArrayBuffer
  /** The command that names it; absent until the person taps. */
  command?: string
  /** taken: on this tablet alone; stored: the node has it; sent: the cloud has; refused: the cloud does not take it. */
  state: 'taken' | 'stored' | 'sent' | 'refused'
  /** How much of it the node has. */
  have: number
  attempts: number
  next_at: number
  /** How often it arrived changed. */
  damaged: number
  /** Why it has not moved, or is refused. */
  code?: string
}

export type PhotoForm = 'usual' | 'small'

/** As many as a command names. */
export const PHOTOS_MAX = 8
/** What edge and cloud take. */
const BYTES_MAX = 5 * 1024 * 1024
/** Kept free for the queue, which never waits for photos. */
const KEPT_FREE = 20 * 1024 * 1024
const FORMS = {
  usual: { side: 1_600, quality: 0.8, bytes: 700_000 },
  small: { side: 800, quality: 0.6, bytes: 200_000 },
} as const

export class UnreadablePhoto extends Error {}

export const refOf = ({ hash, bytes }: Photo): PhotoRef => ({ hash, bytes })

/** How many more of this form fit into so many bytes. */
export const countThatFit = (room: number, form: PhotoForm = 'usual') => Math.max(0, Math.floor(room / FORMS[form].bytes))

/** What this tablet has room for, besides the queue. Browsers that do not tell have room until they refuse. */
export function roomHere(estimate: { usage?: number; quota?: number } | undefined): number {
  const { usage = 0, quota } = estimate ?? {}
  return quota === undefined ? Number.POSITIVE_INFINITY : Math.max(0, quota - usage - KEPT_FREE)
}

/** Encoded anew from its pixels, so that neither place nor camera leave the tablet. */
export async function preparePhoto(file: Blob, form: PhotoForm): Promise<PhotoRef & { content: ArrayBuffer }> {
  const { side, quality } = FORMS[form]
  const picture = await createImageBitmap(file).catch(() => {
    throw new UnreadablePhoto()
  })
  const scale = Math.min(1, side / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(picture.width * scale))
  canvas.height = Math.max(1, Math.round(picture.height * scale))
  const context = canvas.getContext('2d')
  if (!context) throw new UnreadablePhoto()
  context.drawImage(picture, 0, 0, canvas.width, canvas.height)
  picture.close()
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', quality))
  if (!blob || blob.size > BYTES_MAX) throw new UnreadablePhoto()
  const content = await blob.arrayBuffer()
  return { hash: await hashOf(content), bytes: content.byteLength, content }
}

export async function hashOf(content: ArrayBuffer): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', content))
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Whether its command lets it leave; `over` where the command came to nothing. */
export function wayOf(photo: Photo, items: readonly QueueItem[]): 'waits' | 'leaves' | 'over' {
  if (photo.command === undefined) return 'waits'
  const item = items.find((each) => each.id === photo.command)
  // A command that was confirmed is not kept for ever; its photos stay until they have arrived.
  if (!item || item.state === 'stored') return 'leaves'
  if (item.state === 'waiting') return 'waits'
  return item.state === 'decided' && succeeded(item) ? 'leaves' : 'over'
}

/** No tap has bound it yet, or the node refused the start for its code: the next start takes its photos along. */
export function isForNextTap(photo: Photo, items: readonly QueueItem[]): boolean {
  if (photo.command === undefined) return true
  const item = items.find((each) => each.id === photo.command)
  return item !== undefined && isCodeRefusal(item)
}

/** It is on its way, or the person has to read why it is not. */
export const isPhotoOpen = (photo: Photo) => photo.command !== undefined && photo.state !== 'sent'

/** Nothing of it is on this tablet alone; one that no tap has bound yet is. */
export const mayForgetPhotos = (photos: readonly Photo[]) => photos.every((photo) => photo.state === 'sent')

export const percentOf = (photo: Photo) => Math.floor((100 * photo.have) / photo.bytes)
