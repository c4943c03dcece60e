// Notifications on devices, as the gateway answers.
import { createHash } from 'node:crypto'

/** The platform's public key. */
export const PUSH_KEY = 'BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8'

export function pushOf({ state, id, at }) {
  const device = (n, name, endpoint, more) => ({
    id: id(n), name, endpoint_hash: createHash('sha256').update(endpoint).digest('base64url'), created_at: at('09:00:00'), last_delivered_at: null, last_failed_at: null, ...more,
  })
  state.push = { isOn: true, devices: [
    device(690, 'Firefox, Windows', 'desk', { last_delivered_at: at('10:00:00') }),
    device(691, 'Safari, iOS', 'phone', { last_delivered_at: at('09:30:00'), last_failed_at: at('10:10:00') }),
    device(692, 'Edge, Android', 'tablet'),
  ] }
  return [
    ['GET', /^\/push$/, () => ({ is_on: state.push.isOn, public_key: state.push.isOn ? PUSH_KEY : null })],
    ['GET', /^\/push\/devices$/, () => ({ items: state.push.devices, next: null })],
    ['POST', /^\/push\/devices$/, ({ body }) => {
      const fresh = device(693 + state.push.devices.length, body.name, body.endpoint, { created_at: at('10:52:00') })
      state.push.devices.unshift(fresh)
      return [201, fresh]
    }],
    ['DELETE', /^\/push\/devices\/([\w-]+)$/, ({ match }) => {
      const others = state.push.devices.filter((one) => one.id !== match[1])
      if (others.length === state.push.devices.length) return 404
      state.push.devices = others
      return [204]
    }],
  ]
}
