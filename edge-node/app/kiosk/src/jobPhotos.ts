// The photos of a job at the kiosk: what the node has room for, and their way to it after the command that names them.
import { PHOTO_FORMS, type PhotoForm, type PreparedPhoto } from '@holdfast/kit/photos.ts'
import type { PhotoStanding } from '@holdfast/kit/api.gen.ts'
import type { Answer } from '../../src/device/edge.ts'

const CHUNK_BYTES = 128 * 1024
/** A photo that does not move is tried again so often; then the person is told. */
const TRIES_MAX = 4
const PAUSE_MS = 1_500

/** The form in which one more photo fits; undefined without room. A node that does not tell has room until it refuses. */
export function formThatFits(roomBytes: number | undefined, chosen: readonly PreparedPhoto[]): PhotoForm | undefined {
  if (roomBytes === undefined) return 'usual'
  const left = roomBytes - chosen.reduce((sum, photo) => sum + photo.bytes, 0)
  return (['usual', 'small'] as const).find((form) => PHOTO_FORMS[form].bytes <= left)
}

export type PhotoWay = {
  standing(photo: PreparedPhoto): Promise<Answer<PhotoStanding>>
  send(photo: PreparedPhoto, offset: number, chunk: ArrayBuffer): Promise<Answer<PhotoStanding>>
  /** False once the visit is over: nothing more of it leaves. */
  goesOn(): boolean
  pause(ms: number): Promise<unknown>
}

/** Sends one after the other; how many the node has not got. */
export async function sendPhotos(photos: readonly PreparedPhoto[], way: PhotoWay): Promise<number> {
  let missing = 0
  for (const photo of photos) if (way.goesOn() && !(await sendPhoto(photo, way))) missing += 1
  return missing
}

async function sendPhoto(photo: PreparedPhoto, way: PhotoWay): Promise<boolean> {
  let answer = await way.standing(photo)
  for (let tries = 0; tries < TRIES_MAX && way.goesOn(); ) {
    if ('value' in answer && isAtNode(answer.value)) return true
    if ('value' in answer && answer.value.state === 'refused') return false
    const offset = 'value' in answer ? answer.value.have : undefined
    if (offset === undefined || offset >= photo.bytes) {
      tries += 1
      await way.pause(PAUSE_MS)
      if (way.goesOn()) answer = await way.standing(photo)
      continue
    }
    answer = await way.send(photo, offset, photo.content.slice(offset, offset + CHUNK_BYTES))
    // The node took nothing of it.
    if (!('value' in answer) || answer.value.have <= offset) tries += 1
  }
  return 'value' in answer && isAtNode(answer.value)
}

const isAtNode = ({ state }: PhotoStanding) => state === 'stored' || state === 'sent'
