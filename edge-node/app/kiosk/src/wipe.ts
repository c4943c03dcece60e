// The end of a visit, at the person's wish or after a while alone.
import { preferredLocale } from '@holdfast/kit'
import { language } from './language.ts'
import { kiosk, look } from './kiosk.ts'
import { router } from './router.ts'
import { forgetVisit, visit } from './visit.ts'
import { showLook } from './look.ts'

/** The result of the last visit, for the page that says that all is gone. It holds no word of the visit. */
export type Wiped = 'nothing' | 'published' | 'unsure'
let last: Wiped = 'nothing'
export const lastWiped = (): Wiped => last

/** A node that did not answer may have the job nonetheless. */
function publishedSoFar(): Wiped {
  if (visit.receipt) return 'published'
  return visit.published || visit.replaced ? 'unsure' : 'nothing'
}

/** Wipes all, and says so. */
export async function wipe(): Promise<void> {
  last = publishedSoFar()
  forgetVisit()
  showLook()
  await router.replace('/wiped')
}

/** Wipes all, and starts with a new document, so that nothing stays in the memory of this one. */
export async function startOver(): Promise<void> {
  forgetVisit()
  showLook()
  await look()
  // Without its node the page could not be fetched again.
  if (!kiosk.isAway) return location.replace(location.pathname)
  await language.use(preferredLocale(null))
  await router.replace('/')
}
