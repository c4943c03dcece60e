// Why an order is not approved, as its customer reads it: in the language of the order, whatever the admin's is. Both
// languages stand here, for only the admin's own messages are loaded.

import type { Locale } from '@holdfast/kit'

export const REASONS = ['unclear', 'price', 'unlawful', 'contact', 'double'] as const
export type Reason = (typeof REASONS)[number]

export const REASON_TEXTS: Readonly<Record<Locale, Readonly<Record<Reason, string>>>> = {
  en: {
    unclear: 'We could not tell what is to be done. Please describe it in a few words and publish it again.',
    price: 'The price does not fit the work described. Please correct it and publish it again.',
    unlawful: 'Holdfast does not arrange this kind of work.',
    contact: 'Please leave out telephone numbers and addresses: the provider who has the job sees yours.',
    double: 'The same job is already published.',
  },
  'zh-CN': {
    unclear: '我们看不出具体要做什么，请简单说明后重新发布。',
    price: '价格与所述工作不符，请修改后重新发布。',
    unlawful: '平台不提供此类服务。',
    contact: '请不要写电话和地址：接单的服务商会看到您的地址。',
    double: '同样的需求已经发布过。',
  },
}
