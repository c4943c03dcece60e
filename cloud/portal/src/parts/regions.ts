// A region's state in words and icons.

import { type IconName, useI18n } from '@holdfast/kit'
import type { RegionStatus } from '@holdfast/kit/api.gen.ts'
import type { Complaint, RegionHealth } from '../logic/health.ts'
import { useNames } from './names.ts'

export function useRegionWords() {
  const { t, te } = useI18n()
  const names = useNames()

  function icon(health: RegionHealth): IconName {
    if (health.state === 'cut' || health.state === 'drill') return 'cut'
    return health.state === 'needs' ? 'needs' : health.state === 'never' ? 'help' : 'link'
  }

  function state(health: RegionHealth): string {
    const time = health.since === undefined ? undefined : names.since(health.since)
    switch (health.state) {
      case 'drill':
        return time ? t('link.drill', { time }) : t('regions.drill')
      case 'cut':
        return time ? t('link.down', { time }) : t('regions.cut')
      case 'never':
        return t('link.never')
      case 'partly':
        return t('regions.partly', { up: health.edgesUp, all: health.edges })
      case 'needs':
        return t('regions.needs', { n: health.needs }, health.needs)
      case 'up':
        return t('link.up')
    }
  }

  function lag(health: RegionHealth): string {
    const seconds = health.lagMs / 1000
    if (seconds < 60) return t('span.seconds', { n: seconds < 10 ? seconds.toFixed(seconds < 0.05 ? 0 : 1) : Math.round(seconds) })
    const minutes = Math.floor(seconds / 60)
    return minutes < 120 ? t('age.minutes', { n: minutes }) : t('age.hours', { n: Math.floor(minutes / 60) })
  }

  function decides(status: Pick<RegionStatus, 'policy' | 'holder'>): string {
    return status.policy === 'exclusive' && status.holder ? t('decides.exclusive', { edge: status.holder }) : t('decides.optimistic')
  }

  function complaint(one: Complaint): string {
    const count = one.count ?? one.people ?? 1
    return t(`complaint.${one.kind}`, { n: count, time: one.until ? names.at(one.until) : '' }, count)
  }

  /** The region, or the part of the cloud by its name in the list of dead letters. */
  function place(one: Complaint): string {
    if (one.region) return t(`region.${one.region}`)
    return te(`letters.part.${one.part}`) ? t(`letters.part.${one.part}`) : (one.part ?? '')
  }

  return { complaint, decides, icon, lag, place, state }
}
