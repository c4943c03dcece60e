import type { Language } from '@holdfast/kit'
import type { InjectionKey } from 'vue'

export const languageKey: InjectionKey<Language> = Symbol('language')
