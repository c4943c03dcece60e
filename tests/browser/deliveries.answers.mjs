// Mails, short messages and pushes in each of their states, as the gateway answers.
export function deliveriesOf({ id, at, person, said }) {
  const delivery = (n, state, more) => ({
    id: id(n), user_id: person, channel: 'email', kind: 'orders', type: 'order.accepted', state, attempts: 1, to: 'c***@example.org', why: null, created_at: at('10:20:00'), due_at: at('10:20:00'), ...more,
  })
  const deliveries = [
    delivery(780, 'given_up', { attempts: 5, why: said ?? 'the mail server refused the recipient: 550 no such mailbox' }),
    delivery(781, 'waiting', { channel: 'push', to: null, attempts: 2, why: 'the push service answered 503', due_at: at('11:00:00') }),
    delivery(782, 'sent', { kind: 'money', type: 'payment.released' }),
    delivery(783, 'dropped', { channel: 'sms', to: '***38', why: 'it was read before' }),
    delivery(784, 'sent', { kind: null, type: null }),
  ]
  return [
    ['GET', /^\/admin\/deliveries$/, ({ query }) => ({ items: deliveries.filter(({ state }) => !query.get('state') || state === query.get('state')), next: null })],
  ]
}
