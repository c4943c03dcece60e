// Jobs that repeat, as the gateway of `portal.answers.mjs` answers them.

const DAY_MS = 24 * 60 * 60 * 1000

/** Orders that say that they are in a series are in it. `state.dates` are the days after the first date on which a job repeats;
 * `state.refused` says for an order why it is neither accepted nor cancelled. */
export function seriesOf({ state }) {
  const inSeriesOf = (match) => {
    const series = state.orders.find(({ id }) => id === match[1])?.series
    return series && state.orders.filter((order) => order.series?.id === series.id).toSorted((a, b) => a.series.number - b.series.number)
  }
  const later = (time, days) => new Date(Date.parse(time) + days * DAY_MS).toISOString()
  return [
    ['POST', /^\/orders\/occurrences$/, ({ body }) => {
      if (!state.dates) return [422, { status: 422, title: 'Some fields need correcting.', code: 'invalid_input', errors: [{ field: 'rule', message: 'The last date is at most a year after the first.' }] }]
      const { service_start_time, service_end_time } = body
      return { items: state.dates.map((days) => ({ service_start_time: later(service_start_time, days), service_end_time: later(service_end_time, days) })) }
    }],
    ['GET', /^\/orders\/([\w-]+)\/series$/, ({ match }) => {
      const orders = inSeriesOf(match)
      if (!orders) return 404
      const items = orders.map(({ id, code, status, service_start_time, service_end_time, version, series }) => ({ number: series.number, order_id: id, code, status, service_start_time, service_end_time, version }))
      return { id: orders[0].series.id, rule: 'FREQ=WEEKLY;COUNT=4', time_zone: 'UTC', items }
    }],
    ['POST', /^\/orders\/([\w-]+)\/series\/cancel$/, ({ match }) => {
      const orders = inSeriesOf(match)
      const from = orders.find(({ id }) => id === match[1]).series.number
      const items = orders.filter(({ series }) => series.number >= from).map((order) => {
        const refused = state.refused?.[order.id]
        if (!refused) order.status = 'cancelled'
        return { number: order.series.number, order_id: order.id, code: order.code, status: order.status, ...(refused && { refused }) }
      })
      return { items }
    }],
    ['POST', /^\/orders\/([\w-]+)\/accept$/, ({ match }) => {
      const code = state.refused?.[match[1]]
      const order = state.orders.find(({ id }) => id === match[1])
      if (code) return [409, { status: 409, title: 'This was refused.', code }]
      order.status = 'accepted'
      return { order_id: order.id, status: order.status, provider_id: null, message: 'Done.', order }
    }],
  ]
}
