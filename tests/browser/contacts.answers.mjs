// The contact of an order's two people, as the gateway of `portal.answers.mjs` answers it.

const NUMBERS = { customer: '+8613812341000', provider: '13800138000' }
const MASKED = { customer: '+86138****1000', provider: '138****8000' }
const FACE = '/api/v1/files/0193a1c2-0000-7000-8000-000000000820/signed?expires=1&signature=ab'

/** `state.contact` changes what is known of the other person; `state.showings` are those of either number. */
export function contactsOf({ state, at, people, orders, said, picture }) {
  state.showings = []
  const other = () => (state.role === 'customer' ? 'provider' : 'customer')
  const names = { customer: said ?? '林小梅', provider: said ?? '王建国' }
  const isOpen = (match) => {
    const order = orders().find((one) => one.id === match[1])
    return order?.provider_id && (order.status === 'accepted' || order.status === 'in_progress')
  }
  const closed = [409, { status: 409, title: 'Customer and provider see each other once the job is accepted.', code: 'contact_not_open' }]
  const contact = () => ({
    role: other(), full_name: names[other()], verified: other() === 'provider', masked_phone: MASKED[other()],
    ...(other() === 'customer' && { photo_url: FACE }), ...state.contact,
  })
  return [
    ['GET', /^\/orders\/([\w-]+)\/contact$/, ({ match }) => (isOpen(match) ? contact() : closed)],
    ['POST', /^\/orders\/([\w-]+)\/contact\/call$/, ({ match }) => {
      if (!isOpen(match)) return closed
      const { user_id, role } = people[state.role]
      state.showings.unshift({ shown_at: at('10:52:00'), shown_to: { user_id, role } })
      return { phone_number: NUMBERS[other()] }
    }],
    ['GET', /^\/orders\/([\w-]+)\/contact\/showings$/, () => ({ items: state.showings })],
    ['GET', /^\/files\/0193a1c2-0000-7000-8000-000000000820\/signed$/, () => picture],
  ]
}
