// The routes that an archive is read from, and the pause between two tries.

import { requestFile } from '../api/client.ts'
import { addresses, devices, earnings, factorState, fileAt, identities, inbox, messagePhotoAt, messages, myOrders, noticeWishes, numberShowings, orderPhotoAt, orderPhotos, orderStatement, ownAccount, ownAddress, ownReviews, paymentMethods, payments, profile, pushDevices, refundRequests, reviewPictureAt, sessions, statements, timeline } from '../api/routes.ts'
import type { ArchiveSource } from '../logic/archiveReading.ts'

export const archiveSource = (timeZone: string): ArchiveSource => ({
  account: ownAccount,
  mail: ownAddress,
  profile,
  addresses,
  orders: (cursor, signal) => myOrders(cursor ? { cursor } : {}, signal),
  timeline,
  photos: orderPhotos,
  showings: numberShowings,
  statement: orderStatement,
  messages,
  payments,
  refunds: refundRequests,
  reviews: ownReviews,
  earnings,
  lines: statements,
  methods: paymentMethods,
  inbox: (cursor, signal) => inbox({ time_zone: timeZone, ...(cursor ? { cursor } : {}) }, signal),
  wishes: noticeWishes,
  sessions,
  devices,
  pushDevices,
  identities,
  factor: factorState,
  file: (id, signal) => requestFile(fileAt(id), signal),
  messagePhoto: (order, number, signal) => requestFile(messagePhotoAt(order, number), signal),
  orderPhoto: (order, hash, signal) => requestFile(orderPhotoAt(order, hash), signal),
  reviewPicture: (review, image, signal) => requestFile(reviewPictureAt(review, image), signal),
})

/** Ends early if the signal does. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const end = () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve()
    }, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
