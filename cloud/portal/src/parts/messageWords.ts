// How messages name their people and moments in the language of the page.

import { useFormats, useI18n } from '@holdfast/kit'
import type { MessageView } from '@holdfast/kit/api.gen.ts'
import type { ThreadWords } from '../logic/messages.ts'

export function useThreadWords(author: (message: MessageView) => string): ThreadWords {
  const { t } = useI18n()
  const formats = useFormats()
  return {
    author,
    day: at => formats.value.date(at, 'longDay'),
    time: at => formats.value.date(at, 'time'),
    unread: time => t('messages.unread', { time }),
    read: (time, readAt) => t('messages.read', { time, readAt }),
    reported: time => t('messages.reported', { time }),
  }
}
