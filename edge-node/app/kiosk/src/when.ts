// The words for a time of work, in the language of the page.
import { useFormats, useI18n } from '@holdfast/kit'
import { windowOf, type Draft, type Window } from './draft.ts'
import { kiosk } from './kiosk.ts'

export function useWhen() {
  const { t } = useI18n()
  const formats = useFormats()

  const ofDay = (at: number): string => formats.value.date(at, 'dayOfWeek')

  function ofWindow({ start, end }: Window): string {
    return `${ofDay(start)} ${formats.value.date(start, 'time')}–${formats.value.date(end, 'time')}`
  }

  function ofDraft(draft: Draft): string {
    const window = windowOf(draft, kiosk.now)
    return window ? ofWindow(window) : t('when.soon')
  }

  function ofOrder(order: { service_start_time: string | null; service_end_time: string | null }): string {
    if (!order.service_start_time) return t('when.soon')
    const start = Date.parse(order.service_start_time)
    return order.service_end_time ? ofWindow({ start, end: Date.parse(order.service_end_time) }) : `${ofDay(start)} ${formats.value.date(start, 'time')}`
  }

  return { ofDay, ofDraft, ofOrder, ofWindow }
}
