// A provider's verification: how far it has come, and its record in words.

import { langOf, type TimelineEntry, useI18n } from '@holdfast/kit'
import type { OwnProvider } from '@holdfast/kit/api.gen.ts'
import { useQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef } from 'vue'
import { profile } from '../api/routes.ts'
import { actOf, isProvider, standingOf, type VerificationStanding } from '../logic/profile.ts'
import { role, session } from '../session.ts'
import { useNames } from './names.ts'

/** The reader's own profile, if they are a provider. */
export function useOwnProvider(): ComputedRef<OwnProvider | undefined> {
  const asked = useQuery({
    queryKey: computed(() => ['verification', session.person?.user_id]),
    queryFn: ({ signal }) => profile(signal),
    enabled: computed(() => role.value === 'provider'),
  })
  return computed(() => (asked.data.value && isProvider(asked.data.value) ? asked.data.value : undefined))
}

/** The state of the reader's own verification as long as it keeps them from accepting jobs. */
export function useMissingVerification(): ComputedRef<Exclude<VerificationStanding, 'verified'> | undefined> {
  const own = useOwnProvider()
  return computed(() => {
    const state = own.value ? standingOf(own.value.verification) : 'verified'
    return state === 'verified' ? undefined : state
  })
}

export function useVerificationWords() {
  const { t } = useI18n()
  const names = useNames()
  return {
    /** Newest first. */
    entries: (profile: OwnProvider): TimelineEntry[] => profile.verification.steps.map((step, n) => ({
      id: String(n),
      what: t(`verification.act.${actOf(step)}`),
      ...(step.by === profile.user_id ? {} : { who: names.person({ user_id: step.by, role: 'admin' }) }),
      when: Date.parse(step.at),
      ...(step.reason ? { detail: step.reason, detailLang: langOf(step.reason) } : {}),
    })).reverse(),
  }
}
