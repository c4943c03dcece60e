// A movement of an order's money in the reader's words.

import { useFormats, useI18n } from '@holdfast/kit'
import type { MoneyFact } from '../logic/payment.ts'
import { role } from '../session.ts'

export function useMoneyTold() {
  const { t } = useI18n()
  const formats = useFormats()
  return (fact: MoneyFact): string => {
    const amount = formats.value.money(fact.amountMinor, fact.currency)
    const said = t(`money.told.${role.value}.${fact.what}`, { amount })
    return fact.feeMinor ? t('money.told.fee', { said, fee: formats.value.money(fact.feeMinor, fact.currency) }) : said
  }
}
