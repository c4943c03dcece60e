// The names of people at the desks of admins.

import { useI18n } from '@holdfast/kit'
import type { Permission } from '@holdfast/kit/api.gen.ts'
import { computed, reactive, watch } from 'vue'
import { peopleNames } from '../api/routes.ts'
import { createNameBook } from '../logic/nameBook.ts'
import { session } from '../session.ts'
import { usePermissions } from './permissions.ts'

/** Any of these lets an admin read orders, and the names of their people. */
const DUTIES: readonly Permission[] = ['read_desks', 'approve_orders', 'cancel_orders', 'withdraw_orders', 'refund_money']

const book = createNameBook(reactive(new Map()), peopleNames)
watch(() => session.person?.user_id, book.clear)

/** Finds no name for readers who are not admins with such a duty. */
export function useDeskNames(): (id: string) => string | undefined {
  const { t } = useI18n()
  const { holds } = usePermissions()
  const reads = computed(() => DUTIES.some(holds))
  return id => {
    const name = reads.value ? book.find(id) : undefined
    return name?.deleted ? t('person.deleted') : name?.full_name
  }
}
