// The days of a calendar, each named as in its address, `2026-11-21`, by this device's clock.
//
// Must stay true: a step goes by the calendar and never by hours, of which a day has 23 or 25 when the clocks change.

const DAYS_A_WEEK = 7
const MONDAY = 1

/** The name of the day of that moment. */
export function dayOf(at: number): string {
  const date = new Date(at)
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-')
}

/** Its first moment, which is not midnight everywhere; nothing where the calendar has no such day. */
export function startOfDay(day: string): number | undefined {
  const at = dateOf(day).getTime()
  return dayOf(at) === day ? at : undefined
}

export const dayAfter = (day: string, days = 1) => dayOf(dateOf(day, days).getTime())

/** The start of that day, or of the one `later` days after it. */
export function dateOf(day: string, later = 0): Date {
  const [year = NaN, month = NaN, date = NaN] = day.split('-').map(Number)
  return new Date(year, month - 1, date + later)
}

/** The seven days around it, from that day of the week on: 1 is a Monday, 7 a Sunday. */
export function weekOf(day: string, first: number): string[] {
  const past = (dateOf(day).getDay() - first + DAYS_A_WEEK) % DAYS_A_WEEK
  return Array.from({ length: DAYS_A_WEEK }, (_, at) => dayAfter(day, at - past))
}

type Weeks = { getWeekInfo?: () => { firstDay: number }; weekInfo?: { firstDay: number } }

/**
 * The day on which a week begins for readers of that language: in the country that they name with it, else in that of
 * most. Browsers that do not tell begin on a Monday.
 */
export function firstOfWeek(language: string, wishes: readonly string[]): number {
  const named = wishes.find((wish) => wish.slice(0, 2) === language.slice(0, 2)) ?? language.slice(0, 2)
  const weeks = new Intl.Locale(named) as Weeks
  return (weeks.getWeekInfo?.() ?? weeks.weekInfo)?.firstDay ?? MONDAY
}
