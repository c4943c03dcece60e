// The room for photos on this tablet.
import { PHOTO_FORMS } from '@holdfast/kit/photos.ts'
import { roomHere } from './photo.ts'

const TRIED = 'holdfast-room'
/** Stays free for the queue. */
const QUEUE_BYTES = 2 * 1024 * 1024

let measuring: Promise<number> | undefined

/** One measurement at a time: a second trial would take the room of the first. */
export function measureRoom(): Promise<number> {
  measuring ??= measure().finally(() => (measuring = undefined))
  return measuring
}

/** The estimate alone promises too much: Chromium always adds at least a gigabyte to what is used, so a trial is made too. */
async function measure(): Promise<number> {
  const room = roomHere(await navigator.storage?.estimate?.())
  for (const form of ['usual', 'small'] as const) {
    const { bytes } = PHOTO_FORMS[form]
    if (await takesBytes(bytes + QUEUE_BYTES)) return form === 'usual' ? room : Math.min(room, bytes)
  }
  return 0
}

/** Stores so many bytes and deletes them again. A cache frees its space at once, a database does not. */
async function takesBytes(bytes: number): Promise<boolean> {
  // Only a page that can start offline has caches.
  if (!('caches' in globalThis)) return true
  try {
    const trial = await caches.open(TRIED)
    const isTaken = await trial.put('/room', new Response(new Uint8Array(bytes))).then(() => true, () => false)
    await trial.delete('/room')
    return isTaken
  } catch {
    return false
  } finally {
    await caches.delete(TRIED).catch(() => false)
  }
}
