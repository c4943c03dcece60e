// The photos of a job, for another order of the same customer.
import { hashOf, type PreparedPhoto } from '@holdfast/kit/photos.ts'
import { requestFile } from '../api/client.ts'
import { orderPhotoAt, orderPhotos } from '../api/routes.ts'

/** Those that have arrived at the cloud. */
export async function copyJobPhotos(order: string): Promise<PreparedPhoto[]> {
  const photos = await orderPhotos(order)
  const arrived = photos.filter(photo => photo.taken === 'job' && photo.arrived_at !== null)
  return Promise.all(arrived.map(({ hash }) => copyPhoto(order, hash)))
}

async function copyPhoto(order: string, hash: string): Promise<PreparedPhoto> {
  const file = await requestFile(orderPhotoAt(order, hash))
  const content = await file.arrayBuffer()
  return { hash: await hashOf(content), bytes: content.byteLength, content }
}
