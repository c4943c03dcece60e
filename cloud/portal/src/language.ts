import type { Language } from '@holdfast/kit'
import type { Role } from '@holdfast/kit/api.gen.ts'
import type { InjectionKey } from 'vue'

export const languageKey: InjectionKey<Language> = Symbol('language')

/** What stands at the desks of administrators alone, a third of all messages. */
const desk = import.meta.glob('./locales/desk/*.json', { import: 'default' })

/** Loads the messages that this role needs beyond those of every page. */
export async function addMessagesFor(role: Role | undefined, language: Language): Promise<void> {
  if (role === 'admin') await language.add(desk)
}
