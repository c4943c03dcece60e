// How messages name their people and moments in the language of the page.

import { useFormats, useI18n } from '@holdfast/kit'
import type { MessageView } from '@holdfast/kit/api.gen.ts'
import type { ThreadWords } from '../logic/messages.ts'

/** `photoAt` is where the reader's browser fetches the photo of a message. */
export function useThreadWords(author: (message: MessageView) => string, photoAt: (number: number) => string): ThreadWords {
  const { t } = useI18n()
  const formats = useFormats()
  return {
    author,
    day: at => formats.value.date(at, 'longDay'),
    time: at => formats.value.date(at, 'time'),
    unread: time => t('messages.unread', { time }),
    read: (time, readAt) => t('messages.read', { time, readAt }),
    reported: time => t('messages.reported', { time }),
    photo: (message, arrival) => ({
      source: arrival === 'here' ? photoAt(message.number) : undefined,
      words: t('messages.photoOf', { name: author(message), time: formats.value.date(Date.parse(message.sent_at), 'time') }),
      note: arrival === 'here' ? undefined : t(arrival === 'awaited' ? 'messages.photoComing' : 'messages.photoRefused'),
    }),
  }
}
