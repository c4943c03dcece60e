import { computed } from 'vue'
import { useI18n } from '@holdfast/kit'
import { live } from '../live.ts'

/** Why changing something has to wait now; `undefined` where it need not. */
export function useWaits() {
  const { t } = useI18n()
  return computed(() => (live.reached ? undefined : t('link.changesWait')))
}
