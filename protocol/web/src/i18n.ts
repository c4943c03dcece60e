// The languages of a surface. A surface brings its own messages; the kit adds its vocabulary.
import { inject, nextTick, ref, shallowReactive, type App, type InjectionKey, type Ref } from 'vue'

export const LOCALES = ['en', 'zh-CN'] as const
export type Locale = (typeof LOCALES)[number]
/** Every word of the English messages, marked: a word without marks on the screen is written into the code. */
export const PSEUDO = 'en-XA'
const FALLBACK = 'en'

export type Messages = { [key: string]: string | Messages }
/** Made by `import.meta.glob('./locales/*.json', { import: 'default' })`. */
export type Loaders = Record<string, () => Promise<unknown>>
export type Values = Record<string, unknown>

export type Translator = {
  /** The message of that key, with its values. A number chooses among the forms that bars part, and is `{n}`. */
  t(key: string, values?: Values | number, more?: number | { locale: string }): string
  /** True if the language on the screen has that key itself. */
  te(key: string): boolean
  locale: Ref<string>
}

export type Language = {
  /** For `app.use`, and for code outside components. */
  i18n: { install(app: App): void; global: Translator }
  /** Loads the messages of that language, then shows them and sets the document's `lang`. */
  use: (locale: string) => Promise<void>
  /** Has more messages in each language from now on. Adding the same ones again changes nothing. */
  add: (more: Loaders) => Promise<void>
}

const translatorKey: InjectionKey<Translator> = Symbol('translator')
const kit = import.meta.glob('./locales/*.json', { import: 'default' })

export function useI18n(): Translator {
  const translator = inject(translatorKey)
  if (!translator) throw new Error('the app does not use a language')
  return translator
}

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
  const parts = [kit, own]
  const adding = new Map<Loaders, Promise<void>>()
  const locale = ref('')
  const texts = shallowReactive(new Map<string, Map<string, string>>())

  function text(key: string, of: string): string | undefined {
    return texts.get(of)?.get(key)
  }

  const global: Translator = {
    locale,
    te: (key) => text(key, locale.value) !== undefined,
    t(key, values = {}, more) {
      const count = typeof values === 'number' ? values : typeof more === 'number' ? more : undefined
      const asked = typeof more === 'object' ? more.locale : locale.value
      const named = typeof values === 'number' ? { n: values } : { n: count, ...values }
      return say(text(key, asked) ?? text(key, FALLBACK) ?? key, named, count)
    },
  }

  async function load(locale: string): Promise<void> {
    if (!texts.has(locale)) texts.set(locale, new Map(await linesOf(parts, locale)))
  }

  async function addNow(more: Loaders): Promise<void> {
    const known = [...texts.keys()]
    const added = await Promise.all(known.map((locale) => linesOf([more], locale)))
    known.forEach((locale, at) => texts.set(locale, new Map([...(texts.get(locale) ?? []), ...(added[at] ?? [])])))
  }

  function add(more: Loaders): Promise<void> {
    const known = adding.get(more)
    if (known) return known
    // A language that is chosen meanwhile is loaded with them.
    parts.push(more)
    const added = addNow(more).catch((error: unknown) => {
      parts.splice(parts.indexOf(more), 1)
      adding.delete(more)
      throw error
    })
    adding.set(more, added)
    return added
  }

  async function use(wanted: string): Promise<void> {
    await load(wanted)
    locale.value = wanted
    document.documentElement.lang = wanted
    await nextTick()
  }

  const i18n = {
    global,
    install(app: App) {
      app.provide(translatorKey, global)
    },
  }
  return { i18n, use, add }
}

/** The messages of these parts in that language, each file under its language's name. */
async function linesOf(parts: readonly Loaders[], locale: string): Promise<[key: string, text: string][]> {
  const name = `/${locale === PSEUDO ? FALLBACK : locale}.json`
  const read = await Promise.all(parts.map((loaders) => Object.entries(loaders).find(([file]) => file.endsWith(name))?.[1]()))
  const change = locale === PSEUDO ? (await import('./pseudo.ts')).pseudo : (messages: Messages) => messages
  return (read as (Messages | undefined)[]).flatMap((part) => (part ? lines(change(part)) : []))
}

/** Every message under its whole key. */
export function lines(messages: Messages, before = ''): [key: string, text: string][] {
  return Object.entries(messages).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[before + key, value]] : lines(value, `${before}${key}.`),
  )
}

/** The message with its values in the braces. Of two forms the first is for one; of three the first is for none. */
export function say(message: string, values: Values, count?: number): string {
  const forms = message.split(' | ')
  const one = forms.length === 3 ? 1 : 0
  const at = count === undefined || forms.length === 1 ? 0 : count === 1 ? one : forms.length === 3 && count === 0 ? 0 : one + 1
  return (forms[at] ?? message).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
}
