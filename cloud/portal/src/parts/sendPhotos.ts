import type { MessageView } from '@holdfast/kit/api.gen.ts'
import { sendJobPhoto, sendMessagePhoto } from '../api/routes.ts'
import { dropWaitingPhoto, waitingPhotosOf } from '../drafts.ts'
import { WaitingPhotoSender } from '../jobPhotos.ts'
import { messagePlace } from '../logic/messagePhotos.ts'

/** One for all pages, so that no photo leaves twice at once. */
export const jobPhotoSender = new WaitingPhotoSender({ waiting: waitingPhotosOf, drop: dropWaitingPhoto, send: sendJobPhoto })

/** The numbers of the messages whose photos leave, by their places. */
const numbers = new Map<string, { order: string; number: number }>()

const messagePhotoSender = new WaitingPhotoSender({
  waiting: waitingPhotosOf,
  drop: dropWaitingPhoto,
  async send(place, _hash, photo, leaving) {
    const message = numbers.get(place)
    if (message) await sendMessagePhoto(message.order, message.number, photo, leaving)
  },
})

/** Sends the photo of a message, if this device has it. Returns how many have left. */
export function sendPhotoOfMessage(userId: string, order: string, { id, number }: Pick<MessageView, 'id' | 'number'>): Promise<number> {
  const place = messagePlace(order, id)
  numbers.set(place, { order, number })
  return messagePhotoSender.send(userId, place)
}
