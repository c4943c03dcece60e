// Facts for finding out why something has not arrived. They hold no token, no address and nobody's words.
import { truthOf } from '../device/item.ts'
import { link, tablet } from '../device/tabletState.ts'

export function diagnostics(): object {
  return {
    made_at: new Date().toISOString(),
    device: tablet.device,
    user_id: tablet.person?.user_id,
    sign_in: { ended: tablet.ended, expires_at: tablet.person && new Date(tablet.person.expires_at).toISOString() },
    link: link.value,
    node_answers: tablet.isNear,
    standing: tablet.standing,
    board: { orders: tablet.board.length, as_of: tablet.boardAsOf && new Date(tablet.boardAsOf).toISOString() },
    queue: tablet.items.map(({ id, device_seq, body, job, state, attempts, next_at, tapped_at, stored_at, decided_at, trouble, edges, reply, ...item }) => ({
      id, device_seq, what: body.type, order: body.order_id, code: job.code, state, truth: truthOf({ id, device_seq, body, job, state, attempts, next_at, tapped_at, edges, reply, ...item }),
      attempts, next_at, tapped_at, stored_at, decided_at, edges, trouble: trouble && { code: trouble.code, at: trouble.at },
      answer: reply && { hop: reply.hop, verdict: reply.verdict, code: reply.code, outcome: reply.outcome?.kind, seq: reply.receipt?.seq, epoch: reply.receipt?.epoch },
    })),
    browser: navigator.userAgent,
  }
}

export function exportDiagnostics(): void {
  const file = new Blob([JSON.stringify(diagnostics(), undefined, 2)], { type: 'application/json' })
  const address = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = address
  link.download = `holdfast-${tablet.device}.json`
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
