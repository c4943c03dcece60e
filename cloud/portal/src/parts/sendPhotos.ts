import { sendJobPhoto } from '../api/routes.ts'
import { dropWaitingPhoto, waitingPhotosOf } from '../drafts.ts'
import { JobPhotoSender } from '../jobPhotos.ts'

/** One for all pages, so that no photo leaves twice at once. */
export const jobPhotoSender = new JobPhotoSender({ waiting: waitingPhotosOf, drop: dropWaitingPhoto, send: sendJobPhoto })
