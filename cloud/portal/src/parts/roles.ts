// The names of roles: ours are translated, those of one's own stay as their admin wrote them.

import { langOf, useI18n } from '@holdfast/kit'
import type { Role } from '@holdfast/kit/api.gen.ts'

/** As the built-in roles are numbered, here and in tokens. */
const BUILT_IN: readonly Role[] = ['customer', 'provider', 'admin']
export const isBuiltIn = (id: number) => id <= BUILT_IN.length

export function useRoleWords() {
  const { t, locale } = useI18n()
  return {
    name: (id: number, name: string) => (isBuiltIn(id) ? t(`role.${BUILT_IN[id - 1]}`) : name),
    lang: (id: number, name: string) => (isBuiltIn(id) ? locale.value : langOf(name)),
    /** A name of the record, which is a word where it was built in. */
    told: (name: string) => (BUILT_IN.some(one => one === name) ? t(`role.${name}`) : name),
  }
}
