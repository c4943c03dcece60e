// Hears of changes by server-sent events and has the pages ask for the changed data again. Nothing polls, save the page of a
// payment whose outcome is unknown, the one that follows an order without a sign-in, and a customer's question which regions are
// cut off: without the stream the pages show the age of their data.

import type { QueryClient, QueryKey } from '@tanstack/vue-query'
import { reactive, readonly } from 'vue'
import type { Order, Region, RegionLink, RegionStatus, StatusReport } from '@holdfast/kit/api.gen.ts'

interface Live {
  /** True while the stream is open. */
  on: boolean
  /** When Holdfast was last heard of, in milliseconds since 1970. */
  heardAt: number | undefined
  /** False after a request that reached nobody. */
  reached: boolean
}

const state = reactive<Live>({ on: false, heardAt: undefined, reached: true })
export const live = readonly(state)

export function noteReached(reached: boolean): void {
  state.reached = reached
  if (reached) state.heardAt = Date.now()
}

export interface OrderNews { id: string; version: number; region: Region }

// The first page of each desk that the admins' inbox tells of. The desk itself does not change
// under their hands.
const DESKS: QueryKey[] = [['verifications', 'waiting', 'first'], ['refunds', 'open', 'first'], ['desk-reviews', 'reported', 'first'], ['money-cases', 'first']]
const PATH = '/api/v1/stream'
/** A burst of events asks once. */
const GATHER_MS = 250
const RETRY_MS = { first: 1_000, most: 30_000 }

export interface LivePorts {
  client: QueryClient
  /** The session is over. */
  signedOut: () => void
}

/** Listens while the page is seen, until the returned function is called. A hidden tab leaves its stream to another. */
export function listen({ client, signedOut }: LivePorts): () => void {
  let source: EventSource | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let wait = RETRY_MS.first
  const gathered = gathering(keys => keys.forEach(queryKey => void client.invalidateQueries({ queryKey })))

  const close = () => {
    clearTimeout(retry)
    source?.close()
    source = undefined
    state.on = false
  }
  const open = () => {
    if (source || document.hidden) return
    const opened = new EventSource(PATH)
    source = opened
    const on = <T>(kind: string, then: (news: T) => void) => {
      opened.addEventListener(kind, event => {
        noteReached(true)
        const news = parsed<T>(event.data)
        if (news) then(news)
      })
    }
    opened.onopen = () => {
      state.on = true
      wait = RETRY_MS.first
      noteReached(true)
    }
    opened.onerror = () => {
      state.on = false
      // The browser tries again by itself unless the answer was a refusal.
      if (opened.readyState !== EventSource.CLOSED) return
      close()
      retry = setTimeout(open, wait)
      wait = Math.min(wait * 2, RETRY_MS.most)
    }
    on<{ resumed: boolean }>('ready', ({ resumed }) => { if (!resumed) void client.invalidateQueries() })
    on<{ orders: boolean }>('sources', ({ orders }) => {
      // A source that was away has sent nothing meanwhile.
      if (orders && !state.on) void client.invalidateQueries()
      state.on = orders
    })
    on<OrderNews>('order', news => gathered(staleBy(client, news)))
    on<OrderNews>('order_gone', news => gathered(staleBy(client, news)))
    // The order is as it was; its history and the admins' desk have a line more.
    on<OrderNews>('acceptance_lost', ({ id }) => gathered([['timeline', id], ['lost'], ['cases'], ['promises']]))
    on<OrderNews>('message', ({ id }) => gathered([['messages', id]]))
    on<RegionStatus>('region', region => {
      client.setQueryData<StatusReport>(['status'], report => report && withRegion(report, region))
      gathered([['edges'], ['queue'], ['asks'], ['assignment'], ['lost'], ['cases'], ['promises']])
    })
    // A reply to a review, a decision about a review or a provider, a proposed time, and what waits
    // at a desk come as news alone.
    on('inbox', () => gathered([['inbox'], ['review'], ['verification'], ['time-proposal'], ...DESKS]))
    on<{ why: string }>('end', ({ why }) => {
      if (why !== 'signed_out') return
      close()
      signedOut()
    })
  }
  const seen = () => { if (document.hidden) close(); else open() }
  document.addEventListener('visibilitychange', seen)
  open()
  return () => {
    document.removeEventListener('visibilitychange', seen)
    close()
  }
}

/** The keys that news of an order makes stale; none where the page knows that version already. */
export function staleBy(client: QueryClient, news: OrderNews): QueryKey[] {
  const known = client.getQueryData<Order>(['order', news.id])
  const own: QueryKey[] = known && known.version >= news.version ? [] : [['order', news.id], ['timeline', news.id], ['money', news.id], ['time-proposal', news.id]]
  // News from a region that was cut off: it may be linked again.
  const links = client.getQueryData<RegionLink[]>(['links']) ?? []
  const isThoughtCut = links.some(link => link.region === news.region && link.is_cut_off)
  return [['orders'], ['earnings'], ...own, ...(isThoughtCut ? [['links']] : [])]
}

export function withRegion(report: StatusReport, region: RegionStatus): StatusReport {
  const regions = report.regions.map(known => (known.region === region.region ? region : known))
  return { ...report, now: new Date().toISOString(), regions }
}

function gathering(then: (keys: QueryKey[]) => void): (keys: QueryKey[]) => void {
  const stale = new Map<string, QueryKey>()
  let timer: ReturnType<typeof setTimeout> | undefined
  return keys => {
    for (const key of keys) stale.set(JSON.stringify(key), key)
    timer ??= setTimeout(() => {
      timer = undefined
      const gathered = [...stale.values()]
      stale.clear()
      then(gathered)
    }, GATHER_MS)
  }
}

function parsed<T>(data: unknown): T | undefined {
  try {
    return JSON.parse(String(data)) as T
  } catch {
    return undefined
  }
}
