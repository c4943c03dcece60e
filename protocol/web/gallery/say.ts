import { useI18n } from '../src/i18n.ts'

/** Words of the gallery alone, in the language that is shown. */
export function useSay() {
  const { locale } = useI18n()
  return (english: string, chinese: string) => (locale.value === 'zh-CN' ? chinese : english)
}

/** 21 Nov 2026, so many minutes past 10:30 in the reader's own time. */
export const at = (minutes: number, seconds = 0) => new Date(2026, 10, 21, 10, 30 + minutes, seconds).getTime()
