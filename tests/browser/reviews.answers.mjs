// The reviews of the gateway that answers from memory: who sees what of them, and what is refused.

/** Of the reviews that everybody sees: what their people and admins alone are told. */
const APART = ['order_id', 'order_code', 'customer_id', 'version', 'is_hidden', 'hidden_reason', 'editable_until']
const refused = (field, message) => [422, { status: 422, code: 'invalid_input', title: 'Some fields need correcting.', errors: [{ field, message }] }]
/** The provider deleted their account. */
const GONE = [404, { status: 404, code: 'not_found', title: 'There is nothing here.', deleted: true }]
const STALE = [409, { status: 409, code: 'stale_version', title: 'This has changed since you read it.' }]

export function reviewsOf({ state, id, at, people, orders, said, isPicture, picture }) {
  const { customer, provider, admin } = people
  const of = (n, change) => ({
    id: id(n), provider_id: provider.user_id, rating: 5, dimensions: { professionalism: 5, attitude: 5, punctuality: 5 }, comment: said ?? '', images: [], helpful_count: 0,
    created_at: at('10:30:00'), is_edited: false, order_id: id(190), order_code: 'N-7F3K90', customer_id: id(4), version: 1, is_hidden: false, ...change,
  })
  state.reviews = [
    of(840, { order_id: id(161), order_code: 'N-7F3K61', customer_id: customer.user_id, rating: 4, dimensions: { professionalism: 5, attitude: 4, punctuality: 3 }, comment: said ?? '水龙头修好了，来得有点晚。', images: [id(880)], helpful_count: 2, editable_until: '2026-11-22T10:30:00.000Z' }),
    of(841, { comment: said ?? 'Two printers and a router in one hour. Very friendly.', reply: { text: said ?? 'Thank you, gladly again.', at: at('10:45:00') } }),
    of(842, { rating: 1, dimensions: { professionalism: 1, attitude: 1, punctuality: 1 }, comment: said ?? '打电话 138… 加微信，全是骗子！', version: 3 }),
  ]
  state.standings = new Map([[id(842), { standing: 'reported', decisions: [], reports: [{ user_id: provider.user_id, reason: said ?? '内有电话号码，与服务无关。', at: at('10:40:00') }, { user_id: id(4), reason: 'An advertisement.', at: at('10:20:00') }] }]])
  const standingOf = (one) => state.standings.get(one.id) ?? { standing: 'shown', decisions: [], reports: [] }
  const told = (one) => {
    const isAuthor = one.customer_id === people[state.role]?.user_id
    const knows = isAuthor || state.role === 'admin' || one.provider_id === people[state.role]?.user_id
    const hidden = knows ? [...(isAuthor ? [] : ['editable_until']), ...(isAuthor || state.role === 'admin' ? [] : ['hidden_reason'])] : APART
    return Object.fromEntries(Object.entries(one).filter(([key]) => !hidden.includes(key)))
  }
  const find = (match) => state.reviews.find((one) => one.id === match[1])
  const page = (items) => ({ items, next: null })
  const BY = { rating_low: (a, b) => a.rating - b.rating, rating_high: (a, b) => b.rating - a.rating }
  const mine = (who) => (one) => one.provider_id === who && !one.is_hidden
  const atDesk = (one) => { const { reports: _, ...rest } = standingOf(one); return { review: told(one), ...rest } }
  /** A sign that turns the order of letters around is refused, as the service refuses it. */
  const wrongIn = (words) => /\u202e/.test(words ?? '')

  return [
    ['GET', /^\/orders\/([\w-]+)\/page$/, ({ match }) => {
      const review = state.reviews.find((one) => one.order_id === match[1])
      return { order: orders().find((order) => order.id === match[1]), parties: {}, ...(review && { review: told(review) }), payment: {}, missing: [] }
    }],
    ['POST', /^\/reviews$/, ({ body }) => {
      if (wrongIn(body.comment)) return refused('comment', 'This text has signs that cannot be shown.')
      const whole = { professionalism: body.rating, attitude: body.rating, punctuality: body.rating }
      const one = of(845, { ...body, order_code: 'N-7F3K62', customer_id: customer.user_id, dimensions: { ...whole, ...body.dimensions }, created_at: at('10:52:00'), editable_until: '2026-11-22T10:52:00.000Z' })
      state.reviews.unshift(one)
      return [201, told(one)]
    }],
    ['POST', /^\/reviews\/images$/, ({ body }) => (isPicture(body) ? [201, { id: id(881), width: 4, height: 3 }] : [415, { status: 415, title: 'Files of this kind are not taken here.', code: 'file_kind_refused' }])],
    ['GET', /^\/users\/me\/reviews$/, () => page(state.reviews.filter((one) => [one.customer_id, one.provider_id].includes(people[state.role].user_id)).map(told))],
    ['GET', /^\/reviews\/search$/, ({ query }) => page(state.reviews.filter(mine(query.get('provider_id'))).filter((one) => one.comment.includes(query.get('q'))).map(told))],
    ['PUT', /^\/reviews\/([\w-]+)$/, ({ match, body }) => {
      const one = find(match)
      const { version, dimensions, ...rest } = body
      if (version !== one.version) return STALE
      return told(Object.assign(one, { ...rest, dimensions: { ...one.dimensions, ...dimensions }, is_edited: true, version: version + 1 }))
    }],
    ['GET', /^\/reviews\/([\w-]+)\/images\/([\w-]+)$/, () => picture],
    ['PUT', /^\/reviews\/([\w-]+)\/reply$/, ({ match, body }) => told(Object.assign(find(match), { reply: { text: body.text, at: at('10:52:00') }, editable_until: undefined }))],
    ['PUT', /^\/reviews\/([\w-]+)\/helpful$/, ({ match }) => ({ helpful_count: find(match).helpful_count += 1 })],
    ['DELETE', /^\/reviews\/([\w-]+)\/helpful$/, ({ match }) => ({ helpful_count: find(match).helpful_count -= 1 })],
    ['POST', /^\/reviews\/([\w-]+)\/report$/, ({ match }) => ({ review_id: match[1] })],
    ['POST', /^\/reviews\/([\w-]+)\/(hide|restore)$/, ({ match, body }) => {
      const one = find(match)
      if (body.version !== one.version) return STALE
      const is_hidden = match[2] === 'hide'
      const before = standingOf(one)
      state.standings.set(one.id, { ...before, standing: is_hidden ? 'hidden' : 'shown', decisions: [...before.decisions, { is_hidden, by: admin.user_id, at: at('10:52:00'), reason: body.reason }] })
      Object.assign(one, { is_hidden, version: one.version + 1, ...(is_hidden && { hidden_reason: body.reason }) })
      return atDesk(one)
    }],
    ['GET', /^\/admin\/reviews$/, ({ query }) => page(state.reviews.filter((one) => standingOf(one).standing === (query.get('state') ?? 'reported')).map(atDesk))],
    ['GET', /^\/admin\/reviews\/([\w-]+)$/, ({ match }) => (find(match) ? { ...atDesk(find(match)), reports: standingOf(find(match)).reports } : 404)],
    ['GET', /^\/providers\/([\w-]+)\/reviews$/, ({ match, query }) => page(state.reviews.filter(mine(match[1])).toSorted(BY[query.get('sort')] ?? (() => 0)).map(told))],
    ['GET', /^\/providers\/([\w-]+)\/rating$/, ({ match }) => {
      const shown = state.reviews.filter(mine(match[1]))
      const mean = (of) => (shown.length > 0 ? shown.reduce((sum, one) => sum + of(one), 0) / shown.length : 0)
      const dimension = (name) => Math.round(100 * mean((one) => one.dimensions[name]))
      const counted = [1, 2, 3, 4, 5].map((stars) => [stars, shown.filter((one) => one.rating === stars).length])
      return {
        provider_id: match[1], average_rating: Math.round(100 * mean((one) => one.rating)) / 100, total_reviews: shown.length, rating_distribution: Object.fromEntries(counted),
        dimensions: { professionalism: dimension('professionalism'), attitude: dimension('attitude'), punctuality: dimension('punctuality') }, last_updated: at('10:45:00'),
      }
    }],
    ['GET', /^\/providers\/([\w-]+)\/profile$/, ({ match }) => (match[1] === state.deletedPerson ? GONE : match[1] === provider.user_id ? { user_id: match[1], full_name: said ?? '王建国', verified: true, completed_orders: 31, rating_hundredths: 467, total_reviews: 21, member_since: at('08:00:00'), ...state.card } : 404)],
  ]
}
