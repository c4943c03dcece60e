// What admins have changed, with each outcome, as the gateway answers.
export function actsOf({ id, at, admin, person }) {
  const act = (n, method, route, path, time, status) => ({ id: id(n), at: at(time), by: admin, method, route: `/api/v1${route}`, path: `/api/v1${path}`, trace: id(n).replaceAll('-', ''), ...(status ? { status } : {}) })
  const acts = [
    act(796, 'POST', '/orders/{id}/approve', `/orders/${id(60)}/approve`, '10:40:00', 200),
    act(795, 'POST', '/admin/users/{id}/revoke', `/admin/users/${person}/revoke`, '10:35:00', 403),
    { ...act(794, 'POST', '/admin/edges/{id}/key', '/admin/edges/north-1/key', '10:30:00'), by: person },
    act(793, 'POST', '/admin/letters/{name}/redrive', '/admin/letters/order_money/redrive', '10:20:00', 503),
    act(792, 'POST', '/of/a/newer/version', '/of/a/newer/version', '10:10:00', 200),
    act(791, 'POST', '/orders/{id}/series/cancel', `/orders/${id(60)}/series/cancel`, '10:00:00', 200),
  ]
  /** However many are asked for. */
  const ON_A_PAGE = 5
  const isWanted = (query) => (one) => ['by', 'change'].every((name) => !query.get(name) || query.get(name) === (name === 'by' ? one.by : `${one.method} ${one.route}`))
    && (!query.get('since') || one.at >= query.get('since')) && (!query.get('until') || one.at < query.get('until'))
  return [
    ['GET', /^\/admin\/acts$/, ({ query }) => {
      const wanted = acts.filter(isWanted(query))
      const from = Number(query.get('cursor') ?? 0)
      return { items: wanted.slice(from, from + ON_A_PAGE), next: wanted.length > from + ON_A_PAGE ? String(from + ON_A_PAGE) : null }
    }],
  ]
}
