// The languages of a surface. A surface brings its own messages; the kit adds its vocabulary.
import { nextTick } from 'vue'
import { createI18n, type I18n } from 'vue-i18n'

export const LOCALES = ['en', 'zh-CN'] as const
export type Locale = (typeof LOCALES)[number]
/** Every word of the English messages, marked: what stays plain on the screen is written into the code. */
export const PSEUDO = 'en-XA'

export type Messages = { [key: string]: string | Messages }
/** What `import.meta.glob('./locales/*.json', { import: 'default' })` gives. */
export type Loaders = Record<string, () => Promise<unknown>>

export type Language = {
  i18n: I18n<{}, {}, {}, string, false>
  /** Loads the messages of that language, then shows them and sets the document's `lang`. */
  use: (locale: string) => Promise<void>
}

const kit = import.meta.glob('./locales/*.json', { import: 'default' })

/** The language of `?lang=`, else the one chosen before, else the best of the browser's. */
export function preferredLocale(chosen: string | null, asked = new URLSearchParams(location.search).get('lang')): string {
  const wishes = [asked, chosen, ...navigator.languages].filter((wish) => wish !== null)
  for (const wish of wishes) {
    if (wish === PSEUDO) return PSEUDO
    const match = LOCALES.find((locale) => locale === wish || locale.slice(0, 2) === wish.slice(0, 2))
    if (match) return match
  }
  return 'en'
}

export function createLanguage(own: Loaders): Language {
  const i18n = createI18n({
    legacy: false,
    locale: '',
    fallbackLocale: 'en',
    missingWarn: import.meta.env.DEV,
    fallbackWarn: false,
    messages: {},
  }) as unknown as Language['i18n']
  const loaded = new Set<string>()

  async function load(locale: string): Promise<void> {
    if (loaded.has(locale)) return
    const file = locale === PSEUDO ? 'en' : locale
    const parts = await Promise.all([kit, own].map((loaders) => loaders[`./locales/${file}.json`]?.()))
    for (const part of parts) {
      if (!part) continue
      const messages = locale === PSEUDO ? (await import('./pseudo.ts')).pseudo(part as Messages) : (part as Messages)
      i18n.global.mergeLocaleMessage(locale, messages)
    }
    loaded.add(locale)
  }

  async function use(locale: string): Promise<void> {
    await load(locale)
    i18n.global.locale.value = locale
    document.documentElement.lang = locale
    await nextTick()
  }

  return { i18n, use }
}
