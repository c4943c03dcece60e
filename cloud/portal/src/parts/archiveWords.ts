// How the values of an archive read in the language of its person.

import { deviceZone, say, useFormats, useI18n } from '@holdfast/kit'
import { type Gap, ARCHIVE_BOUNDS, type OwnOrder } from '../logic/archive.ts'
import type { ArchiveWords, Told } from '../logic/archiveMarkup.ts'
import { archiveTexts } from '../logic/archiveTexts.ts'
import { factsOf } from '../logic/payment.ts'
import { role } from '../session.ts'
import { minorOf } from './money.ts'
import { useMoneyTold } from './moneyTold.ts'
import { useNames } from './names.ts'
import { useStory } from './story.ts'

/** Says what is not in an archive. */
export function useGapWords() {
  const { locale } = useI18n()
  const formats = useFormats()
  return ({ part, why, n }: Gap): string => {
    const texts = archiveTexts(locale.value)
    const { number, bytes } = formats.value
    return say(texts.gap[why], { part: texts.part[part], n: number(n), size: bytes(ARCHIVE_BOUNDS.fileBytes), most: number(ARCHIVE_BOUNDS.files) })
  }
}

export function useArchiveWords(): () => ArchiveWords {
  const { t, te, locale } = useI18n()
  const formats = useFormats()
  const names = useNames()
  const gap = useGapWords()
  const toldOfMoney = useMoneyTold()
  let told: OwnOrder | undefined
  const story = useStory(() => told?.currency)

  const time = (instant: string | number) => formats.value.date(typeof instant === 'number' ? instant : Date.parse(instant), 'full')

  function history(order: OwnOrder): Told[] {
    told = order
    return story.entries(order.timeline ?? []).reverse().map(({ when, what, who, detail, note, travelNote }) => ({
      when: time(when), what, ...(who ? { who } : {}), ...(detail ? { detail } : {}), ...(note || travelNote ? { note: [note, travelNote].filter(Boolean).join(' ') } : {}),
    }))
  }

  function moneyOfOrder(order: OwnOrder): Told[] {
    if (!role.value) return []
    const facts = factsOf(role.value, order.payments ?? [], order.refund_requests ?? [], order.statement ?? [])
    return facts.reverse().map(fact => ({ when: time(fact.at), what: toldOfMoney(fact), ...(fact.reason ? { detail: fact.reason } : {}) }))
  }

  return () => ({
    lang: locale.value === 'zh-CN' ? 'zh-CN' : 'en',
    zone: deviceZone(),
    texts: archiveTexts(locale.value),
    t, te, time, gap, history, moneyOfOrder,
    // A day of the calendar is the same in every zone.
    day: day => formats.value.date(new Date(`${day}T12:00:00`), 'date'),
    money: (amount, currency) => formats.value.money(minorOf(amount), currency),
    minor: (minor, currency) => formats.value.money(minor, currency),
    when: order => names.when(order),
  })
}
