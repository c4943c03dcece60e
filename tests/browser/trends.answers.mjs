// The counts of the last fourteen days, and alarms, as the gateway answers.
const DAY_MS = 24 * 60 * 60_000

export function trendsOf({ state, now }) {
  const today = new Date(now).setUTCHours(0, 0, 0, 0)
  const daysOf = (countsOf) => ({ at: new Date(now).toISOString(), is_whole: true, days: Array.from({ length: 14 }, (_, n) => ({ from: new Date(today + (n - 13) * DAY_MS).toISOString(), ...countsOf(n) })) })
  state.trends = { published: 3, minutes: 6 }
  return [
    ['GET', /^\/admin\/orders\/days$/, () => daysOf((n) => ({ published: state.trends.published * n, completed: state.trends.published * (n - n % 2) }))],
    ['GET', /^\/admin\/cut-offs\/days$/, () => daysOf((n) => ({ minutes: n % 5 === 0 ? state.trends.minutes * n : 0 }))],
  ]
}

/** A line of the admins' inbox. */
export function alarmOf({ id, at }) {
  return {
    id: id(310), event_id: id(311), type: 'platform.alarm_raised', kind: null, order_id: null, location: null, counterpart: null, match_reasons: [], is_read: false, created_at: at('10:50:00'),
    title: 'Alarm about a node', content: 'east-1 in East: The node is cut off from the cloud, since Nov 21, 2026, 10:48.', alarm: { kind: 'link_down', region: 'EAST', edge: 'east-1', since: at('10:48:00') },
  }
}
