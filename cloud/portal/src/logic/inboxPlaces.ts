// The page that a line of the inbox leads to.

import type { InboxItem } from '@holdfast/kit/api.gen.ts'

type Line = Pick<InboxItem, 'type' | 'order_id' | 'alarm' | 'part_alarm'>

/** News of sign-ins and passwords. */
const OF_ACCOUNT = new Set<InboxItem['type']>(['user.address_change_asked', 'user.password_changed', 'user.new_device_seen', 'user.second_factor_removed', 'user.deletion_asked', 'user.deletion_undone'])
const ALARMS = new Set<InboxItem['type']>(['platform.alarm_raised', 'platform.alarm_ended'])

/** News of the person alone leads to the profile. `opens` says whether the reader's role has a page. */
export function placeOf({ type, order_id: order, alarm, part_alarm: part }: Line, role: string | undefined, opens: (page: string) => boolean): string {
  const isShared = role === 'admin'
  if (ALARMS.has(type)) return part ? (part.kind === 'dead_letters' ? '/dead-letters' : '/regions') : placeOfAlarm(alarm)
  if (isShared && type === 'order.acceptance_lost') return '/conflicts'
  if (OF_ACCOUNT.has(type)) return !isShared ? '/account' : opens('/people') ? '/people' : '/inbox'
  return order ? `${role === 'provider' ? '/jobs' : '/orders'}/${order}` : isShared || !type ? '/inbox' : '/profile'
}

/** The line that counts further alarms leads to all nodes. */
function placeOfAlarm(alarm: Line['alarm']): string {
  if (!alarm) return '/edges'
  return alarm.edge ? `/edges?edge=${alarm.edge}` : `/regions?region=${alarm.region}`
}
