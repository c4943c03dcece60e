// The offer of an open job to a few providers, as the gateway of `portal.answers.mjs` answers it.

/** `state.offerWrong` is the field that the next offer is refused for. */
export function offersOf({ state, orders }) {
  const change = (match, offer) => {
    const order = orders().find((one) => one.id === match[1])
    if (order?.status !== 'pending') return [409, { status: 409, title: "The order's state does not allow this.", code: 'wrong_state' }]
    return Object.assign(order, { offer, version: order.version + 1 })
  }
  return [
    ['PUT', /^\/orders\/([\w-]+)\/offer$/, ({ match, body }) => {
      const wrong = state.offerWrong
      delete state.offerWrong
      if (wrong) return [422, { status: 422, title: 'Some fields need correcting.', code: 'invalid_input', errors: [wrong] }]
      return change(match, body)
    }],
    ['DELETE', /^\/orders\/([\w-]+)\/offer$/, ({ match }) => change(match)],
  ]
}
