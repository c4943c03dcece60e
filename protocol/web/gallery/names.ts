import * as kit from '../src/index.ts'

/** Parts of others, shown on their pages. */
const PARTS = ['Who', 'Toasts']
const OF_THE_APP = ['Bar', 'Dock', 'JobRow', 'Photo', 'Signature']
const components = import.meta.glob('../src/components/*.vue')

/** Every component of the kit. */
export const names = Object.keys(components)
  .map((file) => file.replace(/^.*\/|\.vue$/g, ''))
  .filter((name) => name in kit && !PARTS.includes(name))

export function surfaceOf(name: string): string {
  return OF_THE_APP.includes(name) ? 'app' : 'portal'
}
