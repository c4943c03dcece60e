// The messages of an order's two people, as the gateway of `portal.answers.mjs` answers them.

/** `state.messages` are those of every order, oldest first; `state.thread` changes what the reader may do. */
export function messagesOf({ state, at, people, orders, said }) {
  const wang = people.provider.user_id
  const message = (number, from, text, time, more) => ({ number, id: `0193a1c2-0000-7000-8000-${String(1000 + number).padStart(12, '0')}`, from, provider_id: wang, text: said ?? text, sent_at: at(time), ...more })
  state.messages = [
    message(1, 'provider', '林女士您好，我 14 点到。水阀您能找到吗？', '10:31:00', { read_at: at('10:32:00') }),
    message(2, 'customer', '您好，在水槽下面左边。', '10:33:00', { read_at: at('10:34:00') }),
    message(3, 'provider', 'Seen, thank you.\nI bring a set of seals.', '10:35:00'),
    message(4, 'customer', '好的，谢谢。', '10:36:00'),
  ]
  const orderOf = (match) => orders().find((one) => one.id === match[1])
  const missing = [404, { status: 404, title: 'There is no such order.', code: 'order_not_found' }]
  const refusal = (order) => {
    if (!order.provider_id) return 'messages_not_open'
    return state.thread?.blocked ? 'messages_blocked' : null
  }
  const thread = (order) => ({ items: order.provider_id ? state.messages.toReversed() : [], next: null, refusal: refusal(order), closes_at: null, blocked: false, ...state.thread })
  return [
    ['GET', /^\/orders\/([\w-]+)\/messages$/, ({ match }) => (orderOf(match) ? thread(orderOf(match)) : missing)],
    ['POST', /^\/orders\/([\w-]+)\/messages$/, ({ body, headers }) => {
      const sent = { ...message(state.messages.length + 1, state.role, '', '10:52:00'), id: headers['idempotency-key'], text: body.text ?? '', ...(body.photo ? { photo: { ...body.photo, arrived_at: null } } : {}) }
      state.messages.push(sent)
      return [201, sent]
    }],
    ['PUT', /^\/orders\/([\w-]+)\/messages\/read$/, ({ body }) => {
      const opened = state.messages.filter((one) => one.from !== state.role && one.number <= body.number && !one.read_at)
      for (const one of opened) one.read_at = at('10:52:00')
      return { read: opened.length }
    }],
    ['PUT', /^\/orders\/([\w-]+)\/messages\/block$/, ({ body }) => {
      state.thread = { ...state.thread, ...body, refusal: body.blocked ? 'messages_blocked' : null }
      return body
    }],
    ['POST', /^\/orders\/([\w-]+)\/messages\/(\d+)\/report$/, ({ match }) => {
      state.messages[Number(match[2]) - 1].reported_at = at('10:52:00')
      state.thread = { blocked: true, refusal: 'messages_blocked' }
      return { blocked: true }
    }],
    ['GET', /^\/admin\/orders\/([\w-]+)\/messages$/, () => ({
      items: state.messages.map((one) => (one.number === 3 ? { ...one, reported_at: at('10:40:00'), reported_why: said ?? '他辱骂我。' } : one)).toReversed(),
      next: null, refusal: 'not_yours', closes_at: null, blocked: false,
    })],
  ]
}
