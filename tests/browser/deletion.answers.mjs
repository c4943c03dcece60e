// The deletion of the reader's account, as the gateway of `portal.answers.mjs` answers it.

const DAYS = 14

/** `state.deletion` is what was asked, and `state.openMatters` what it waits for. `state.signsInAgain` refuses an old sign-in. */
export function deletionOf({ state, NOW, PASSWORD }) {
  state.deletion = {}
  state.openMatters = { orders: 0, payments: 0 }
  const told = () => ({ ...state.deletion, days: DAYS, ...(state.deletion.delete_at ? { waits_for: state.openMatters } : {}) })
  return [
    ['GET', /^\/auth\/deletion$/, told],
    ['POST', /^\/auth\/deletion$/, ({ body }) => {
      if (state.signsInAgain) return [403, { status: 403, title: 'Sign in again first.', code: 'sign_in_again' }]
      if (body.password !== PASSWORD && state.hasPassword !== false) return [401, { status: 401, title: 'The user name or the password is wrong.', code: 'invalid_credentials' }]
      const day = new Date(NOW + DAYS * 86_400_000).toISOString()
      state.deletion = { asked_at: new Date(NOW).toISOString(), delete_at: day, ...state.deletion }
      return told()
    }],
    ['DELETE', /^\/auth\/deletion$/, () => {
      if (!state.deletion.delete_at) return [404, { status: 404, title: 'There is nothing here.', code: 'not_found' }]
      state.deletion = {}
      return [204]
    }],
  ]
}
