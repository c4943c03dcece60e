// The rules of a region as an admin edits them, and as the API takes them.

import type { ApprovalRule, Currency, OfflineRules, ServiceType } from '@holdfast/kit/api.gen.ts'
import { amountOf, minorOf } from '../parts/money.ts'

/** The currency of a new limit, as the API takes it where none is said. */
export const NEW_CURRENCY: Currency = 'CNY'

export interface ApprovalForm { isOn: boolean; most: string; currency: Currency; kinds: ServiceType[] }
export interface RulesForm {
  /** Whether work may start without held funds: never, up to `unpaidMost`, or always. */
  unpaid: 'never' | 'upTo' | 'always'
  unpaidMost: string
  unpaidCurrency: Currency
  afterwards: ServiceType[]
  address: boolean
  approval: ApprovalForm
  standing: ApprovalForm
}

export type FormField = 'unpaidMost' | 'approvalMost' | 'approvalKinds' | 'standingMost' | 'standingKinds'

const approvalFormOf = (rule: ApprovalRule | null | undefined): ApprovalForm => ({ isOn: Boolean(rule), most: rule?.price_max ?? '', currency: rule?.currency ?? NEW_CURRENCY, kinds: [...(rule?.service_types ?? [])] })

export function formOf(rules: OfflineRules): RulesForm {
  const cap = rules.unpaid_start_max
  return {
    unpaid: rules.unpaid_start ? 'always' : cap ? 'upTo' : 'never', unpaidMost: cap?.price_max ?? '', unpaidCurrency: cap?.currency ?? NEW_CURRENCY,
    afterwards: [...(rules.paid_afterwards ?? [])], address: rules.address_at_start ?? false,
    approval: approvalFormOf(rules.approval), standing: approvalFormOf(rules.approval_in_good_standing),
  }
}

const isPrice = (typed: string) => minorOf(amountOf(typed) ?? '') > 0

/** The fields that are wrong, in the order of the form. */
export function wrongIn(form: RulesForm): FormField[] {
  const { approval, standing } = form
  const wrong: [FormField, boolean][] = [
    ['unpaidMost', form.unpaid === 'upTo' && !isPrice(form.unpaidMost)],
    ['approvalMost', approval.isOn && !isPrice(approval.most)], ['approvalKinds', approval.isOn && approval.kinds.length === 0],
    ['standingMost', standing.isOn && !isPrice(standing.most)], ['standingKinds', standing.isOn && standing.kinds.length === 0],
  ]
  return wrong.filter(([, isWrong]) => isWrong).map(([field]) => field)
}

const approvalOf = ({ isOn, most, currency, kinds }: ApprovalForm) => (isOn ? { price_max: amountOf(most) ?? '', currency, service_types: kinds } : undefined)

/** All rules at once: one that is left out allows nothing. */
export function rulesOf(form: RulesForm) {
  const approval = approvalOf(form.approval)
  const standing = approvalOf(form.standing)
  return {
    unpaid_start: form.unpaid === 'always', address_at_start: form.address, paid_afterwards: form.afterwards,
    ...(form.unpaid === 'upTo' ? { unpaid_start_max: { price_max: amountOf(form.unpaidMost) ?? '', currency: form.unpaidCurrency } } : {}),
    ...(approval ? { approval } : {}), ...(standing ? { approval_in_good_standing: standing } : {}),
  }
}
