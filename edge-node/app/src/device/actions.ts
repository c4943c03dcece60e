// The actions of the person at the tablet: on jobs, messages and photos.
import type { Order } from '@holdfast/kit/api.gen.ts'
import { newId } from './id.ts'
import { isCodeRefusal, jobOf, type QueueItem, type TabletCommand, undoMsOf } from './item.ts'
import { type Photo, type PhotoForm, preparePhoto, UnreadablePhoto } from './photo.ts'
import { PhotosFull, QueueFull } from './store.ts'
import { edge, look, messageReader, mine, noRoom, photoSender, sender, token } from './tablet.ts'
import { photosOf, photosTaken, tablet } from './tabletState.ts'

export type TapResult = 'kept' | 'full' | 'crowded'

/** Puts it on this tablet for good, with its photos; only then is anything said. */
export async function tap(order: Order, body: TabletCommand, photos: readonly Photo[] = []): Promise<TapResult> {
  if (!mine || !sender) return 'full'
  const now = Date.now()
  const undoMs = undoMsOf(body)
  try {
    const item = await mine.add((device_seq) => ({
      id: newId(now), device_seq, tapped_at: now, body, job: jobOf(order),
      leaves_at: now + undoMs, state: 'waiting', attempts: 0, next_at: 0, edges: [],
    }), photos)
    tablet.now = Date.now()
    sender.added(item)
    photoSender?.added(photos.map((photo) => ({ ...photo, command: item.id })))
    return 'kept'
  } catch (error) {
    return error instanceof QueueFull ? 'crowded' : 'full'
  }
}

/** An acceptance that has never left is taken back here; any other by a withdrawal. */
export async function withdraw(order: Order): Promise<TapResult> {
  const accept = tablet.items.find((item) => item.body.type === 'accept_order' && item.body.order_id === order.id && item.state === 'waiting')
  if (accept && (await sender?.undo(accept.id))) return 'kept'
  return tap(order, { type: 'withdraw_acceptance', order_id: order.id })
}

/** The person has the messages of a job before their eyes. */
export async function seeMessages(job: string): Promise<void> {
  await messageReader?.see(job)
}

/** Its photos wait for the next tap. */
export async function undo(item: QueueItem): Promise<boolean> {
  const isUndone = (await sender?.undo(item.id)) ?? false
  if (isUndone) photoSender?.added(freed(photosOf(item.id)))
  return isUndone
}

const freed = (photos: readonly Photo[]): Photo[] => photos.map(({ command: _, ...photo }) => photo)

/** They wait for the next tap again. */
async function unbind(photos: readonly Photo[]): Promise<void> {
  const free = freed(photos)
  await mine?.putPhotos(free)
  photoSender?.added(free)
}

/** The person writes a message again that came to nothing: its photo waits for the next one. */
export async function writeAgain(item: QueueItem): Promise<void> {
  await unbind(photosOf(item.id))
  await understood(item)
}

/** The picture of a message from the edge; undefined where it is not to be had now. */
export async function loadMessagePhoto(job: string, number: number): Promise<Blob | undefined> {
  if (!token) return undefined
  const answer = await edge.messagePhoto(job, number, token)
  return 'value' in answer ? answer.value : undefined
}

/** What came to nothing is read; its photos go with it, but for those that the next start takes along. */
export async function understood(item: QueueItem): Promise<void> {
  const photos = photosOf(item.id)
  if (isCodeRefusal(item)) await unbind(photos)
  await sender?.understood(item.id)
  await photoSender?.drop(photosOf(item.id).map((photo) => photo.id))
}

export type PhotoResult = 'kept' | 'full' | 'crowded' | 'unreadable' | 'twice'

export async function takePhoto(job: string, moment: Photo['moment'], file: Blob, form: PhotoForm): Promise<PhotoResult> {
  // Somebody else may be at the tablet by the time the picture is ready.
  const [disk, sending] = [mine, photoSender]
  if (!disk || !sending) return 'full'
  try {
    const prepared = await preparePhoto(file, form)
    const taken = photosTaken(job, moment)
    if (taken.some((photo) => photo.hash === prepared.hash)) return 'twice'
    if (moment === 'message' && taken.length > 0) return 'crowded'
    const now = Date.now()
    const photo: Photo = { id: newId(now), job, moment, taken_at: now, ...prepared, state: 'taken', have: 0, attempts: 0, next_at: 0, damaged: 0 }
    await disk.addPhoto(photo)
    if (photoSender === sending) sending.added([photo])
    return 'kept'
  } catch (error) {
    if (error instanceof UnreadablePhoto) return 'unreadable'
    return error instanceof PhotosFull ? 'crowded' : 'full'
  }
}

export async function dropPhoto(photo: Photo): Promise<void> {
  await photoSender?.drop([photo.id])
}

export async function retryNow(): Promise<void> {
  void look()
  await sender?.retryNow().catch(noRoom)
  await photoSender?.retryNow().catch(noRoom)
}
