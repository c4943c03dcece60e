// Every page, its title and the roles it is for. A page of another role is refused in place, so that its address stays.

import { reactive, readonly } from 'vue'
import { createRouter, createWebHistory, type RouteRecordRaw, type Router } from 'vue-router'
import type { Role } from '@holdfast/kit/api.gen.ts'
import { dropOffline } from '@holdfast/kit/worker.ts'
import { permissions } from './api/routes.ts'
import { noteReached } from './live.ts'
import { SITE_PAGES } from './logic/sitePage.ts'
import { takeMailedCode } from './parts/mailedCode.ts'
import { firstOpened } from './parts/permissions.ts'
import { takeSecret } from './receipt.ts'
import { restore, session } from './session.ts'

declare module 'vue-router' {
  interface RouteMeta {
    /** Key of the title. */
    title: string
    /** The roles it is for; absent where it is for anyone, signed in or not. */
    roles?: readonly Role[]
    /** A desk fills the width of the screen. */
    wide?: boolean
    /** Its paths are views of one page: the focus stays on what was pressed. */
    keepsFocus?: boolean
    /** Neither bar nor banner: for the wall. */
    bare?: boolean
  }
}

const CUSTOMER: readonly Role[] = ['customer']
const PROVIDER: readonly Role[] = ['provider']
const ADMIN: readonly Role[] = ['admin']

export const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: () => import('./pages/SignIn.vue'), meta: { title: 'sign.title' } },
  { path: '/sign-in', name: 'sign-in', component: () => import('./pages/SignIn.vue'), meta: { title: 'sign.title' } },
  { path: '/sign-in/phone', name: 'sign-in-phone', component: () => import('./pages/SignInPhone.vue'), meta: { title: 'phone.title' } },
  { path: '/sign-in/forgot', name: 'sign-in-forgot', component: () => import('./pages/Forgot.vue'), meta: { title: 'forgot.title' } },
  { path: '/sign-in/back', name: 'sign-in-back', component: () => import('./pages/SignInBack.vue'), meta: { title: 'back.title' } },
  { path: '/confirm-address', name: 'confirm-address', component: () => import('./pages/ConfirmAddress.vue'), meta: { title: 'address.page' } },
  { path: '/register/:role(customer|provider)', name: 'register', component: () => import('./pages/Register.vue'), meta: { title: 'register.title' } },

  { path: '/publish', redirect: '/publish/1' },
  { path: '/publish/:step([123])', name: 'publish', component: () => import('./pages/Publish.vue'), meta: { title: 'publish.title', roles: CUSTOMER } },
  { path: '/orders', name: 'orders', component: () => import('./pages/Orders.vue'), meta: { title: 'orders.title', roles: ['customer', 'admin'] } },
  { path: '/orders/:id', name: 'order', component: () => import('./pages/Order.vue'), meta: { title: 'order.title', roles: ['customer', 'admin'] } },
  { path: '/orders/:id/messages', name: 'messages', component: () => import('./pages/Messages.vue'), meta: { title: 'messages.page', roles: CUSTOMER } },
  { path: '/calendar/:week?', name: 'calendar', component: () => import('./pages/Calendar.vue'), meta: { title: 'place.calendar', roles: ['customer', 'provider'], keepsFocus: true } },
  { path: '/inbox', name: 'inbox', component: () => import('./pages/Inbox.vue'), meta: { title: 'inbox.title', roles: ['customer', 'provider', 'admin'] } },

  { path: '/profile', name: 'profile', component: () => import('./pages/Profile.vue'), meta: { title: 'profile.title', roles: ['customer', 'provider', 'admin'] } },
  { path: '/account', name: 'account', component: () => import('./pages/Account.vue'), meta: { title: 'account.page', roles: ['customer', 'provider', 'admin'] } },
  { path: '/your-data', name: 'your-data', component: () => import('./pages/YourData.vue'), meta: { title: 'yourData.title', roles: ['customer', 'provider', 'admin'] } },

  { path: '/available', name: 'available', component: () => import('./pages/Available.vue'), meta: { title: 'available.title', roles: PROVIDER } },
  { path: '/jobs', name: 'jobs', component: () => import('./pages/Jobs.vue'), meta: { title: 'jobs.title', roles: PROVIDER } },
  { path: '/jobs/:id', name: 'job', component: () => import('./pages/Order.vue'), meta: { title: 'order.title', roles: PROVIDER } },
  { path: '/jobs/:id/messages', name: 'job-messages', component: () => import('./pages/Messages.vue'), meta: { title: 'messages.page', roles: PROVIDER } },

  { path: '/earnings', name: 'earnings', component: () => import('./pages/Earnings.vue'), meta: { title: 'place.earnings', roles: PROVIDER } },
  { path: '/statements/:month', name: 'statement', component: () => import('./pages/Statement.vue'), meta: { title: 'statement.page', roles: PROVIDER } },

  { path: '/reviews', name: 'reviews', component: () => import('./pages/Reviews.vue'), meta: { title: 'place.reviews', roles: ['provider', 'admin'] } },
  { path: '/providers/:id/reviews', name: 'reviews-of', component: () => import('./pages/Reviews.vue'), meta: { title: 'reviews.see', roles: ['customer', 'provider', 'admin'] } },

  { path: '/overview', name: 'overview', component: () => import('./pages/Overview.vue'), meta: { title: 'place.overview', roles: ADMIN, wide: true } },
  { path: '/approvals', name: 'approvals', component: () => import('./pages/Approvals.vue'), meta: { title: 'approvals.title', roles: ADMIN, wide: true } },

  { path: '/conflicts/:id?', name: 'conflicts', component: () => import('./pages/Conflicts.vue'), meta: { title: 'place.conflicts', roles: ADMIN, wide: true } },
  { path: '/providers/:id?', name: 'providers', component: () => import('./pages/Providers.vue'), meta: { title: 'place.providers', roles: ADMIN, wide: true } },
  { path: '/money', name: 'money', component: () => import('./pages/Money.vue'), meta: { title: 'place.money', roles: ADMIN, wide: true } },
  { path: '/regions', name: 'regions', component: () => import('./pages/Regions.vue'), meta: { title: 'place.regions', roles: ADMIN } },
  { path: '/regions/wall', name: 'wall', component: () => import('./pages/Wall.vue'), meta: { title: 'wall.title', roles: ADMIN, bare: true } },
  { path: '/edges', name: 'edges', component: () => import('./pages/Edges.vue'), meta: { title: 'place.edges', roles: ADMIN, wide: true } },

  { path: '/dead-letters', name: 'letters', component: () => import('./pages/DeadLetters.vue'), meta: { title: 'place.letters', roles: ADMIN, wide: true } },
  { path: '/deliveries', name: 'deliveries', component: () => import('./pages/Deliveries.vue'), meta: { title: 'place.deliveries', roles: ADMIN, wide: true } },
  { path: '/people/:id?', name: 'people', component: () => import('./pages/People.vue'), meta: { title: 'place.people', roles: ADMIN, wide: true } },
  { path: '/settings', name: 'settings', component: () => import('./pages/Settings.vue'), meta: { title: 'place.settings', roles: ADMIN } },
  { path: '/acts', name: 'acts', component: () => import('./pages/Acts.vue'), meta: { title: 'place.acts', roles: ADMIN, wide: true } },
  { path: '/roles', name: 'roles', component: () => import('./pages/Roles.vue'), meta: { title: 'roles.title', roles: ADMIN } },

  { path: '/track/:code', name: 'track', component: () => import('./pages/Track.vue'), meta: { title: 'track.title' } },

  ...SITE_PAGES.map((page): RouteRecordRaw => ({ path: `/${page}`, name: page, component: () => import('./pages/SitePage.vue'), meta: { title: `site.${page}` } })),

  { path: '/docs', name: 'docs', component: () => import('./pages/Docs.vue'), meta: { title: 'docs.title' } },

  { path: '/:rest(.*)*', name: 'nowhere', component: () => import('./pages/Nowhere.vue'), meta: { title: 'nowhere.title' } },
]

const first = reactive({ isUnderWay: true })
/** Until it ends, a page that is not here may still come. */
export const firstNavigation = readonly(first)

function endFirstNavigation(): void {
  first.isUnderWay = false
}

/** The first place of each role. */
export const HOME: Readonly<Record<Role, string>> = { customer: '/orders', provider: '/available', admin: '/overview' }

/** `prepare` loads what the pages of that role need before one is shown. */
export function createPortalRouter(prepare: (role: Role | undefined) => Promise<void>): Router {
  const history = createWebHistory()
  takeSecret(history)
  takeMailedCode(history)
  const router = createRouter({
    history,
    routes,
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
  })
  router.beforeEach(async to => {
    if (session.is === 'unknown') {
      try {
        await restore()
      } catch {
        // Out of reach: the page itself tells, and asks again.
        return true
      }
    }
    await prepare(session.person?.role)
    const led = guard(to.meta.roles, session.person?.role, to.name, to.fullPath)
    return led === HOME.admin ? homeOf('admin') : led
  })
  router.isReady().then(endFirstNavigation, endFirstNavigation)
  router.onError((_, to) => void missingPage(to.fullPath))
  return router
}

const ANEW = 'holdfast.anew'
const ANEW_MS = 60_000

/** The script of a page did not come: after an update it has another name, so the whole portal is loaded anew. */
async function missingPage(path: string): Promise<void> {
  const isThere = await fetch('/index.html', { cache: 'no-store' }).then(answer => answer.ok, () => false)
  const before = Number(sessionStorage.getItem(ANEW) ?? 0)
  // Once is enough: a script that does not come after that is missing for another reason.
  if (!isThere || Date.now() - before < ANEW_MS) return noteReached(false)
  sessionStorage.setItem(ANEW, String(Date.now()))
  // The worker would open the old portal again.
  await dropOffline()
  location.assign(path)
}

/** Where a person is led instead; `true` where the page may be shown, or refuses by itself. */
export function guard(roles: readonly Role[] | undefined, role: Role | undefined, name: unknown, fullPath: string) {
  if (role && (name === 'home' || name === 'sign-in' || name === 'sign-in-phone')) return HOME[role]
  if (name === 'home') return '/sign-in'
  if (roles && !role) return { path: '/sign-in', query: { back: fullPath } }
  return true
}

/** True if a page is for this person. */
export function isFor(roles: readonly Role[] | undefined, role: Role | undefined): boolean {
  return !roles || (role !== undefined && roles.includes(role))
}

/** Where somebody goes who has signed in: to the page that was asked for, if it is one of theirs. */
export async function firstPage(router: Router, back: unknown, role: Role): Promise<string> {
  const path = safeBack(back)
  return path && isFor(router.resolve(path).meta.roles, role) ? path : homeOf(role)
}

/** A narrowed admin's home is the first page of theirs. Without an answer each page refuses by itself. */
async function homeOf(role: Role): Promise<string> {
  if (role !== 'admin') return HOME[role]
  const own = await permissions().then(answer => answer.permissions, () => undefined)
  return firstOpened(own) ?? HOME.admin
}

/** Only a path of this portal is gone back to, never another site. */
export function safeBack(back: unknown): string | undefined {
  return typeof back === 'string' && /^\/(?![/\\])/.test(back) && !back.startsWith('/sign-in') ? back : undefined
}
