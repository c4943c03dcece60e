// The messages of an order as its page shows them: oldest first, with a line for each new day and how far each has come.

import type { ThreadMessage, ThreadPhoto } from '@holdfast/kit'
import type { MessagePhotoView, MessageView, Role } from '@holdfast/kit/api.gen.ts'

/** How a page names people and moments. */
export interface ThreadWords {
  author: (message: MessageView) => string
  day: (at: Date) => string
  time: (at: Date) => string
  /** How far a message of the reader's own has come. */
  unread: (time: string) => string
  read: (time: string, readAt: string) => string
  reported: (time: string) => string
  photo: (message: MessageView, arrival: PhotoArrival) => ThreadPhoto
}

export type PhotoArrival = 'awaited' | 'here' | 'refused'

/** `messages` come newest first, as the list has them. */
export function threadOf(messages: readonly MessageView[], reader: Role, words: ThreadWords): ThreadMessage[] {
  let before = ''
  return messages.toReversed().map(message => {
    const sent = new Date(message.sent_at)
    const day = words.day(sent)
    const isNewDay = day !== before
    before = day
    return {
      id: String(message.number),
      mine: message.from === reader,
      author: words.author(message),
      text: message.text,
      way: wayOf(message, reader, words),
      ...(message.photo ? { photo: words.photo(message, arrivalOf(message.photo)) } : {}),
      ...(isNewDay ? { day } : {}),
    }
  })
}

function arrivalOf({ arrived_at, refused }: MessagePhotoView): PhotoArrival {
  if (arrived_at !== null) return 'here'
  return refused === undefined ? 'awaited' : 'refused'
}

/** A photo is on its way: the list is asked again until it is there. */
export function isPhotoAwaited({ photo }: MessageView): boolean {
  return photo !== undefined && arrivalOf(photo) === 'awaited'
}

function wayOf(message: MessageView, reader: Role, words: ThreadWords): string {
  const time = words.time(new Date(message.sent_at))
  if (message.reported_at) return words.reported(time)
  // An admin reads both sides.
  if (message.from !== reader && reader !== 'admin') return time
  return message.read_at ? words.read(time, words.time(new Date(message.read_at))) : words.unread(time)
}

/** The newest message that the other person sent and the reader has not opened. */
export function newestUnread(messages: readonly MessageView[], reader: Role): number | undefined {
  return messages.find(message => message.from !== reader && !message.read_at)?.number
}

export function countUnread(messages: readonly MessageView[], reader: Role): number {
  return messages.filter(message => message.from !== reader && !message.read_at).length
}
