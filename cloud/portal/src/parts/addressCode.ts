// The code of a mail's link. It comes behind the `#` of the address, so that no server sees it, and goes out of it before anything
// is asked. This tab keeps it while its person signs in.

import type { RouterHistory } from 'vue-router'

const PAGE = '/confirm-address'
const KEY = 'holdfast.address-code'

/** Takes the code out of the address that the portal was opened at. */
export function takeAddressCode(places: Pick<RouterHistory, 'location' | 'replace'>): void {
  const [place = '', code = ''] = places.location.split('#')
  // Programs that show mail add words of their own.
  const path = place.split('?')[0]?.replace(/\/$/, '')
  if (path !== PAGE || code === '') return
  // Its letters need no escapes.
  sessionStorage.setItem(KEY, code)
  places.replace(PAGE)
}

export function keptAddressCode(): string {
  return sessionStorage.getItem(KEY) ?? ''
}

export function forgetAddressCode(): void {
  sessionStorage.removeItem(KEY)
}
