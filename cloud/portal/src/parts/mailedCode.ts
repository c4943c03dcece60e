// The codes of mailed links. They come behind the `#` of the address, so that no server sees them, and go out of it before anything
// is asked. This tab keeps them while its person signs in.

import type { RouterHistory } from 'vue-router'

const PAGES = ['/confirm-address', '/sign-in/forgot'] as const
type CodePage = typeof PAGES[number]

const keyOf = (page: CodePage) => `holdfast.code:${page}`

/** Takes the code out of the address that the portal was opened at. */
export function takeMailedCode(places: Pick<RouterHistory, 'location' | 'replace'>): void {
  const [place = '', code = ''] = places.location.split('#')
  // Programs that show mail add words of their own.
  const path = place.split('?')[0]?.replace(/\/$/, '')
  const page = PAGES.find(page => page === path)
  if (page === undefined || code === '') return
  // Its letters need no escapes.
  sessionStorage.setItem(keyOf(page), code)
  places.replace(page)
}

export function keptCode(page: CodePage): string {
  return sessionStorage.getItem(keyOf(page)) ?? ''
}

export function forgetCode(page: CodePage): void {
  sessionStorage.removeItem(keyOf(page))
}
