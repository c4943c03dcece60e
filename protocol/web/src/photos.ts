// A photo as it leaves this device: small enough for a thin line, without its place and camera, named by its hash.
import type { PhotoRef } from '@holdfast/kit/api.gen.ts'

export type PhotoForm = 'usual' | 'small'
export type PreparedPhoto = PhotoRef & { content: ArrayBuffer }

/** As many as a published order names. */
export const JOB_PHOTOS_MAX = 4
/** What edge and cloud take. */
const BYTES_MAX = 5 * 1024 * 1024
/** `bytes` is what one usually has. */
export const PHOTO_FORMS = {
  usual: { side: 1_600, quality: 0.8, bytes: 700_000 },
  small: { side: 800, quality: 0.6, bytes: 200_000 },
} as const

export class UnreadablePhoto extends Error {}

/** Encoded anew from its pixels, so that neither place nor camera leave the device. */
export async function preparePhoto(file: Blob, form: PhotoForm): Promise<PreparedPhoto> {
  const { side, quality } = PHOTO_FORMS[form]
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

/** As a command names it. */
export const photoRefOf = ({ hash, bytes }: PhotoRef): PhotoRef => ({ hash, bytes })
