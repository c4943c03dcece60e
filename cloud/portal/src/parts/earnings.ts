// A provider's balances, and the lines of the account as far back as a page needs them.

import { useQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import type { Order, StatementLine } from '@holdfast/kit/api.gen.ts'
import { earnings, myOrders, orderStatement, statements } from '../api/routes.ts'
import { isInCustody, leftMinor } from '../logic/payment.ts'
import { session } from '../session.ts'
import { minorOf } from './money.ts'

/** A page of more lines than these says that they are not all. */
const PAGES_MAX = 50

/** The jobs whose names a statement can show; older ones show their number. */
const JOB_PAGES_MAX = 5

/** Held jobs whose refunds are asked for, the newest ones. */
const LOOKED_AT_MAX = 50

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

/** A part of the price may have gone back once the work has begun; before, a job holds its whole price. */
async function leftOf(held: readonly Order[], signal: AbortSignal): Promise<Map<string, number>> {
  const begun = held.filter(order => order.status !== 'accepted').slice(0, LOOKED_AT_MAX)
  const left = begun.map(async order => [order.id, leftMinor(minorOf(order.price), await orderStatement(order.id, signal))] as const)
  return new Map(await Promise.all(left))
}

export function useEarnings(from: MaybeRefOrGetter<number>) {
  const mine = () => session.person?.user_id
  const balances = useQuery({ queryKey: computed(() => ['earnings', mine(), 'balances']), queryFn: ({ signal }) => earnings(signal) })
  const account = useQuery({ queryKey: computed(() => ['earnings', mine(), 'lines', toValue(from)]), queryFn: ({ signal }) => linesSince(toValue(from), signal) })
  const own = useQuery({ queryKey: computed(() => ['earnings', mine(), 'jobs']), queryFn: ({ signal }) => jobs(signal) })
  const held = computed(() => (own.data.value ?? []).filter(isInCustody))
  const left = useQuery({
    queryKey: computed(() => ['earnings', mine(), 'left', held.value.map(order => `${order.id} ${order.version}`)]),
    queryFn: ({ signal }) => leftOf(held.value, signal), enabled: computed(() => own.data.value !== undefined),
  })
  const byId = computed(() => new Map((own.data.value ?? []).map(order => [order.id, order])))
  const all = [balances, account, own, left]
  return {
    balances: computed(() => balances.data.value ?? []),
    lines: computed(() => account.data.value?.lines ?? []),
    isWhole: computed(() => account.data.value?.isWhole ?? true),
    held: computed(() => held.value.map(order => ({ order, minor: left.data.value?.get(order.id) ?? minorOf(order.price) }))),
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
