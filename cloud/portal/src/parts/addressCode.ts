// The code of a mail's link. It comes behind the `#` of the address, so that no server sees it, and goes out of it before anything
// is asked. This tab keeps it while its person signs in.

import type { RouterHistory } from 'vue-router'

const PAGE = '/confirm-address'
const KEY = 'holdfast.address-code'

/** Takes the code out of the address that the portal was opened at. */
export function takeAddressCode(places: Pick<RouterHistory, 'location' | 'replace'>): void {
  const [path = '', code = ''] = places.location.split('#')
  if (path !== PAGE || code === '') return
  sessionStorage.setItem(KEY, decodeURIComponent(code))
  places.replace(PAGE)
}

export function keptAddressCode(): string {
  return sessionStorage.getItem(KEY) ?? ''
}

export function forgetAddressCode(): void {
  sessionStorage.removeItem(KEY)
}
