// The secret of an order's receipt. It comes in the address of the page that follows the order, and goes out of it before
// anything is asked: it then stands in no `Referer`, in no picture of the screen and in no list of pages visited. This tab keeps
// it with the place in its history, so that the page can be loaded anew.

import type { TrackingReceipt } from '@holdfast/kit/api.gen.ts'
import type { RouterHistory } from 'vue-router'

const ROOT = '/track/'

/** Takes the secret out of the address that the portal was opened at. */
export function takeSecret(places: Pick<RouterHistory, 'location' | 'replace'>): void {
  const [path = '', words = ''] = (places.location.split('#')[0] ?? '').split('?')
  const secret = new URLSearchParams(words).get('s')
  if (path.startsWith(ROOT) && secret) places.replace(path, { secret })
}

/** The secret of the page that is open now. */
export function secretHere(): string | undefined {
  const kept: unknown = history.state?.secret
  return typeof kept === 'string' && kept !== '' ? kept : undefined
}

/** The address by which anybody can follow the order. */
export function addressOf({ code, secret }: TrackingReceipt): string {
  return `${location.origin}${ROOT}${encodeURIComponent(code)}?${new URLSearchParams({ s: secret })}`
}
