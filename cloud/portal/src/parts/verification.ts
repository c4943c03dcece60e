// The record of a verification in words.

import { langOf, type TimelineEntry, useI18n } from '@holdfast/kit'
import type { OwnProvider } from '@holdfast/kit/api.gen.ts'
import { useNames } from './names.ts'

export function useVerificationWords() {
  const { t } = useI18n()
  const names = useNames()
  return {
    /** Newest first. */
    entries: (profile: OwnProvider): TimelineEntry[] => profile.verification.steps.map((step, n) => ({
      id: String(n),
      what: t(`verification.act.${step.act}`),
      ...(step.by === profile.user_id ? {} : { who: names.person({ user_id: step.by, role: 'admin' }) }),
      when: Date.parse(step.at),
      ...(step.reason ? { detail: step.reason, detailLang: langOf(step.reason) } : {}),
    })).reverse(),
  }
}
