// One function for each route of the gateway that a page asks.

import { query, request } from './client.ts'
import type {
  Action, AssignmentRecord, AssignmentRequest, CaseItem, CommandAnswer, CommandReply, ComparisonReport, EdgeItem, EnrolmentCode, GateState, InboxPage,
  LostAcceptance, OpRecord, OpState, Order, OrderDraft, OrderStatus, Page, RegionAssignment, Region, Role,
  StatusReport, TimelineEntry, WaitingAsk,
} from './types.ts'

const V1 = '/api/v1'
const ADMIN = `${V1}/admin`
const part = encodeURIComponent

export interface ListRequest { status?: OrderStatus; region?: Region; code?: string; cursor?: string; limit?: number }
export interface Registration { username: string; email: string; password: string; role: Exclude<Role, 'admin'> }

export const register = (body: Registration) =>
  request<{ user_id: string; username: string; role: Role }>(`${V1}/auth/register`, { method: 'POST', body })

export const myOrders = (ask: ListRequest, signal?: AbortSignal) =>
  request<Page<Order>>(`${V1}/orders${query({ limit: 100, ...ask })}`, opt(signal))
export const openOrders = (ask: ListRequest, signal?: AbortSignal) =>
  request<Page<Order>>(`${V1}/orders/available${query({ limit: 100, ...ask })}`, opt(signal))
export const allOrders = (ask: ListRequest, signal?: AbortSignal) =>
  request<Page<Order>>(`${ADMIN}/orders${query({ limit: 100, ...ask })}`, opt(signal))

export const order = (id: string, signal?: AbortSignal) => request<Order>(`${V1}/orders/${part(id)}`, opt(signal))
export const timeline = (id: string, signal?: AbortSignal) =>
  request<{ items: TimelineEntry[] }>(`${V1}/orders/${part(id)}/timeline`, opt(signal)).then(answer => answer.items)

export const publish = (draft: OrderDraft, commandId: string) =>
  request<{ order_id: string; code: string; message: string; order: Order }>(`${V1}/orders`, { method: 'POST', body: draft, commandId })

export const act = (id: string, action: Action, commandId: string, reason?: string, keepalive = false) =>
  request<CommandReply>(`${V1}/orders/${part(id)}/${action}`, {
    method: 'POST', body: reason === undefined ? {} : { reason }, commandId, keepalive,
  })

export const inbox = (ask: { unread?: 1; cursor?: string }, signal?: AbortSignal) =>
  request<InboxPage>(`${V1}/notifications${query({ limit: 50, ...ask })}`, opt(signal))
export const markRead = (id: string) => request<unknown>(`${V1}/notifications/${part(id)}/read`, { method: 'PUT' })

export const status = (signal?: AbortSignal) => request<StatusReport>(`${ADMIN}/status`, opt(signal))
export const setGate = (region: Region, gate: GateState) =>
  request<unknown>(`${ADMIN}/regions/${region}`, { method: 'PUT', body: { gate } })
export const compare = (region: Region) =>
  request<ComparisonReport>(`${ADMIN}/regions/${region}/comparison`, { method: 'POST', body: {} })

export const cases = (cursor?: string, signal?: AbortSignal) =>
  request<Page<CaseItem>>(`${ADMIN}/cases${query({ limit: 100, cursor })}`, opt(signal))
export const lostAcceptances = (cursor?: string, signal?: AbortSignal) =>
  request<Page<LostAcceptance>>(`${ADMIN}/lost-acceptances${query({ limit: 100, cursor })}`, opt(signal))

export const answers = (command: string, signal?: AbortSignal) =>
  request<{ items: CommandAnswer[] }>(`${ADMIN}/commands/${part(command)}`, opt(signal)).then(answer => answer.items)

export const edges = (signal?: AbortSignal) => request<Page<EdgeItem>>(`${ADMIN}/edges${query({ limit: 200 })}`, opt(signal))
export const invite = (edge: string, region: Region) =>
  request<EnrolmentCode>(`${ADMIN}/edges`, { method: 'POST', body: { edge, region } })
export const readmit = (edge: string) => request<unknown>(`${ADMIN}/edges/${part(edge)}/readmit`, { method: 'POST', body: {} })
export const leftBehind = (edge: string, signal?: AbortSignal) =>
  request<Page<OpRecord>>(`${ADMIN}/edges/${part(edge)}/left-behind${query({ limit: 200 })}`, opt(signal))
export const queue = (ask: { edge?: string; state?: OpState; cursor?: string }, signal?: AbortSignal) =>
  request<Page<OpRecord>>(`${ADMIN}/queue${query({ limit: 200, ...ask })}`, opt(signal))
export const op = (edge: string, epoch: number, seq: number, signal?: AbortSignal) =>
  request<OpRecord>(`${ADMIN}/ops/${part(edge)}/${epoch}/${seq}`, opt(signal))
export const retryOp = (edge: string, epoch: number, seq: number) =>
  request<unknown>(`${ADMIN}/edges/${part(edge)}/queue/${epoch}/${seq}/retry`, { method: 'POST', body: {} })
export const asks = (signal?: AbortSignal) => request<Page<WaitingAsk>>(`${ADMIN}/asks${query({ limit: 200 })}`, opt(signal))
export const retryAsk = (id: string) => request<unknown>(`${ADMIN}/asks/${part(id)}/retry`, { method: 'POST', body: {} })

export const assignments = (signal?: AbortSignal) =>
  request<{ items: { region: Region; assignment: RegionAssignment }[] }>(`${ADMIN}/assignments`, opt(signal)).then(a => a.items)
export const assignment = (region: Region, signal?: AbortSignal) =>
  request<AssignmentRecord>(`${ADMIN}/assignments/${region}`, opt(signal))
export const assign = (region: Region, body: AssignmentRequest) =>
  request<AssignmentRecord>(`${ADMIN}/assignments/${region}`, { method: 'PUT', body })

function opt(signal?: AbortSignal): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}
