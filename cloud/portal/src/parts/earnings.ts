// A provider's balances, and the lines of the account as far back as a page needs them.

import { useQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import type { Order, StatementLine } from '@holdfast/kit/api.gen.ts'
import { earnings, myOrders, statements } from '../api/routes.ts'
import { session } from '../session.ts'

/** A page of more lines than these says that they are not all. */
const PAGES_MAX = 50

/** The jobs whose names a statement can show; older ones show their number. */
const JOB_PAGES_MAX = 5

export interface AccountLines { lines: StatementLine[]; isWhole: boolean }

async function linesSince(from: number, signal: AbortSignal): Promise<AccountLines> {
  const lines: StatementLine[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await statements(cursor, signal)
    lines.push(...page.items)
    const last = page.items.at(-1)
    cursor = page.next ?? undefined
    if (cursor === undefined || (last && Date.parse(last.at) < from)) return { lines, isWhole: true }
  }
  return { lines, isWhole: false }
}

async function jobs(signal: AbortSignal): Promise<Order[]> {
  const items: Order[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < JOB_PAGES_MAX; pages += 1) {
    const page = await myOrders(cursor ? { cursor } : {}, signal)
    items.push(...page.items)
    cursor = page.next ?? undefined
    if (cursor === undefined) break
  }
  return items
}

export function useEarnings(from: MaybeRefOrGetter<number>) {
  const mine = () => session.person?.user_id
  const balances = useQuery({ queryKey: computed(() => ['earnings', mine(), 'balances']), queryFn: ({ signal }) => earnings(signal) })
  const account = useQuery({ queryKey: computed(() => ['earnings', mine(), 'lines', toValue(from)]), queryFn: ({ signal }) => linesSince(toValue(from), signal) })
  const own = useQuery({ queryKey: computed(() => ['earnings', mine(), 'jobs']), queryFn: ({ signal }) => jobs(signal) })
  const byId = computed(() => new Map((own.data.value ?? []).map(order => [order.id, order])))
  const all = [balances, account, own]
  return {
    balances: computed(() => balances.data.value ?? []),
    lines: computed(() => account.data.value?.lines ?? []),
    isWhole: computed(() => account.data.value?.isWhole ?? true),
    jobs: computed(() => own.data.value ?? []),
    jobOf: (line: StatementLine) => (line.order_id ? byId.value.get(line.order_id) : undefined),
    asked: computed(() => ({
      data: all.every(one => one.data.value !== undefined) || undefined,
      error: all.find(one => one.isError.value)?.error.value,
      isError: all.some(one => one.isError.value),
      dataUpdatedAt: Math.min(...all.map(one => one.dataUpdatedAt.value)),
      refetch: () => Promise.all(all.map(one => one.refetch())),
    })),
  }
}

/** The currencies of an account, the usual one first and always there. */
export function currenciesOf(of: readonly { currency: string }[]): string[] {
  return [...new Set(['CNY', ...of.map(one => one.currency)])]
}
