// Dates, times and money by locale. Money is whole minor units and never a float until it is shown.
import { computed } from 'vue'
import { useI18n } from './i18n.ts'

export type Amount = { minor: number; currency: string }

/** Currencies whose narrow sign would be read as another's: Hong Kong's dollar as that of the United States. */
const SHARES_ITS_SIGN: ReadonlySet<string> = new Set(['HKD'])

export const dateForms = {
  time: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  seconds: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  tenths: { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 1, hourCycle: 'h23' },
  day: { day: 'numeric', month: 'short' },
  date: { year: 'numeric', month: 'long', day: 'numeric' },
  full: { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  shortDay: { weekday: 'short' },
  longDay: { weekday: 'long', day: 'numeric', month: 'long' },
  dayOfWeek: { weekday: 'short', day: 'numeric', month: 'short' },
  weekday: { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
} satisfies Record<string, Intl.DateTimeFormatOptions>

export type DateForm = keyof typeof dateForms

type Formats = ReturnType<typeof makeFormats>
const known = new Map<string, Formats>()

/** The same ones for every caller: a browser takes long to make one, and each row of a list has some. */
export function formatsOf(locale: string): Formats {
  const lang = locale === 'en-XA' ? 'en' : locale
  const made = known.get(lang) ?? makeFormats(lang)
  known.set(lang, made)
  return made
}

function makeFormats(lang: string) {
  const dates = new Map<DateForm, Intl.DateTimeFormat>()
  const sums = new Map<string, Intl.NumberFormat>()
  const plain = new Intl.NumberFormat(lang)
  let relative: Intl.RelativeTimeFormat | undefined

  function date(at: number | Date, form: DateForm = 'full'): string {
    const made = dates.get(form) ?? new Intl.DateTimeFormat(lang, dateForms[form])
    dates.set(form, made)
    return made.format(at)
  }

  function sumFormat(currency: string): Intl.NumberFormat {
    const made = sums.get(currency) ?? new Intl.NumberFormat(lang, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' })
    sums.set(currency, made)
    return made
  }

  function money(minor: number, currency = 'CNY'): string {
    const format = sumFormat(currency)
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2
    const sum = minor / 10 ** digits
    if (!SHARES_ITS_SIGN.has(currency)) return format.format(sum)
    const figure = new Intl.NumberFormat(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(sum)
    return `${figure} ${currency}`
  }

  function number(value: number): string {
    return plain.format(value)
  }

  function bytes(value: number): string {
    const [unit, size] = value < 1e6 ? ['kilobyte', 1e3] as const : value < 1e9 ? ['megabyte', 1e6] as const : ['gigabyte', 1e9] as const
    return new Intl.NumberFormat(lang, { style: 'unit', unit, maximumFractionDigits: unit === 'kilobyte' ? 0 : 1 }).format(value / size)
  }

  /** "400 m", "1.2 km". */
  function length(metres: number): string {
    const [unit, size] = metres < 1_000 ? ['meter', metres] as const : ['kilometer', metres / 1_000] as const
    return new Intl.NumberFormat(lang, { style: 'unit', unit, maximumFractionDigits: 1 }).format(size)
  }

  /**
   * "3 minutes ago", "in 2 hours": the largest unit that fits. A time ahead is told in the smaller unit below two of the
   * larger one, for "in 1 hour" may be nearly two.
   */
  function ago(at: number, now: number): string {
    relative ??= new Intl.RelativeTimeFormat(lang, { numeric: 'auto' })
    const seconds = Math.round((at - now) / 1000)
    for (const [unit, size] of [['day', 86_400], ['hour', 3_600], ['minute', 60]] as const) {
      if (-seconds >= size || seconds >= 2 * size) return relative.format(Math.trunc(seconds / size), unit)
    }
    return relative.format(seconds, 'second')
  }

  return { ago, bytes, date, length, money, number }
}

/** The time zone of this device, by its IANA name. */
export const deviceZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone

/** The formats of the language that is shown, which change with it. */
export function useFormats() {
  const { locale } = useI18n()
  return computed(() => formatsOf(locale.value))
}

/** The language of a text that a person wrote, for its `lang`. */
export function langOf(text: string): 'en' | 'zh-CN' {
  return /\p{Script=Han}/u.test(text) ? 'zh-CN' : 'en'
}
