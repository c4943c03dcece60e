// What the rules of a region allow, in sentences.

import { useFormats, useI18n } from '@holdfast/kit'
import type { ApprovalRule, OfflineRules } from '@holdfast/kit/api.gen.ts'
import { minorOf } from './money.ts'

export function useRuleWords() {
  const { t } = useI18n()
  const formats = useFormats()
  const coverOf = (rule: ApprovalRule) => ({ price: formats.value.money(minorOf(rule.price_max), rule.currency), kinds: rule.service_types.map(kind => t(`service.${kind}`)).join(t('refused.or')) })

  return function wordsOf(rules: OfflineRules): string[] {
    const { approval, approval_in_good_standing: wider, unpaid_start_max: cap, paid_afterwards: afterwards = [] } = rules
    return [
      ...(rules.unpaid_start ? [t('lease.ruleUnpaid')] : []),
      ...(cap ? [t('lease.ruleUnpaidMax', { price: formats.value.money(minorOf(cap.price_max), cap.currency) })] : []),
      ...(afterwards.length > 0 ? [t('lease.ruleAfterwards', { kinds: afterwards.map(kind => t(`service.${kind}`)).join(t('providers.comma')) })] : []),
      ...(rules.address_at_start ? [t('lease.ruleAddress')] : []),
      ...(approval ? [t('lease.ruleApproval', coverOf(approval))] : []),
      ...(wider ? [t('lease.ruleGoodStanding', coverOf(wider))] : []),
    ]
  }
}
