// Another time for an order, as the gateway of `portal.answers.mjs` answers it.

/** `state.proposal` is the one that stands, for every order. */
export function timesOf({ state, at, orders }) {
  const PROPOSAL = '0193a1c2-0000-7000-8000-000000000901'
  const orderOf = (match) => orders().find((one) => one.id === match[1])
  const over = [409, { status: 409, title: 'This proposal no longer stands. Look at the order again.', code: 'time_proposal_over' }]
  const isOver = (match) => state.proposal?.id !== match[2]
  return [
    ['GET', /^\/orders\/([\w-]+)\/time-proposal$/, ({ match }) => {
      const order = orderOf(match)
      if (!order) return [404, { status: 404, title: 'There is no such order.', code: 'order_not_found' }]
      const proposal = order.status === 'accepted' ? state.proposal ?? null : null
      return { proposal, may_propose: order.status === 'accepted', may_answer: proposal !== null && proposal.by !== state.role }
    }],
    ['POST', /^\/orders\/([\w-]+)\/time-proposal$/, ({ body }) => {
      state.proposal = { id: PROPOSAL, by: state.role, proposed_at: at('10:52:00'), ...body }
      return [201, state.proposal]
    }],
    ['DELETE', /^\/orders\/([\w-]+)\/time-proposal$/, () => {
      delete state.proposal
      return { ended: true }
    }],
    ['POST', /^\/orders\/([\w-]+)\/time-proposal\/([\w-]+)\/agree$/, ({ match }) => {
      if (isOver(match)) return over
      if (state.isBooked) return [409, { status: 409, title: 'You already have a job at that time. Give it back first, or choose another.', code: 'double_booked' }]
      const order = orderOf(match)
      const { service_start_time, service_end_time = null } = state.proposal
      Object.assign(order, { service_start_time, service_end_time, version: order.version + 1 })
      delete state.proposal
      return { order_id: order.id, status: order.status, provider_id: order.provider_id, message: 'Agreed. The order has its new time.', order }
    }],
    ['POST', /^\/orders\/([\w-]+)\/time-proposal\/([\w-]+)\/decline$/, ({ match }) => {
      if (isOver(match)) return over
      delete state.proposal
      return { ended: true }
    }],
  ]
}
