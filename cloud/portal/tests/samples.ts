import type { LostAcceptance, TimelineEntry } from '@holdfast/kit/api.gen.ts'

export function step(change: Partial<TimelineEntry> = {}): TimelineEntry {
  return {
    version: 3, action: 'accept', actor: { user_id: 'wang', role: 'provider' }, from: 'pending', to: 'accepted', code: null,
    reason: null, hops: { tapped_at: null, edge_at: null, cloud_at: '2026-11-21T10:52:41.100Z' }, command_id: 'c', source: 'portal',
    edge: null, epoch: null, seq: null, verdict: null, address_shown: null, race_rule: null, promise: null, payment_status: null, ...change,
  }
}

export function lostAcceptance(change: Partial<LostAcceptance> = {}): LostAcceptance {
  return {
    ...step({
      actor: { user_id: 'zhou', role: 'provider' }, from: 'accepted', to: 'accepted', code: 'order_already_accepted', source: 'north-1',
      edge: 'north-1', epoch: 7, seq: 41_882, verdict: 'provisional',
      hops: { tapped_at: '2026-11-21T10:41:07.000Z', edge_at: '2026-11-21T10:41:08.000Z', cloud_at: '2026-11-21T11:02:31.000Z' },
    }),
    id: 1, order_id: 'o', order_code: 'N-7F3K9Q', region: 'NORTH',
    winner: { user_id: 'wang', source: 'portal', decided_at: '2026-11-21T10:52:41.100Z', verdict: null, race_rule: 'first_in_cloud' },
    ...change,
  }
}
