import { nextTick } from 'vue'
import { createRouter, createWebHistory, type RouteLocation } from 'vue-router'
import { language } from './language.ts'
import { tablet } from './device/tabletState.ts'

/** From one day of the calendar to another the page stays where it is, and so does the focus. */
const isSamePage = (to: RouteLocation, from: RouteLocation) => to.name === 'calendar' && from.name === 'calendar'

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, from, saved) => saved ?? (isSamePage(to, from) ? false : { top: 0 }),
  routes: [
    { path: '/', name: 'board', component: () => import('./pages/Board.vue') },
    { path: '/jobs', name: 'jobs', component: () => import('./pages/Jobs.vue') },
    { path: '/jobs/:id', name: 'job', component: () => import('./pages/Job.vue'), props: true },
    { path: '/jobs/:id/complete', name: 'complete', component: () => import('./pages/Complete.vue'), props: true },
    { path: '/jobs/:id/incident', name: 'incident', component: () => import('./pages/Incident.vue'), props: true },
    { path: '/lost/:command', name: 'lost', component: () => import('./pages/Lost.vue'), props: true },
    { path: '/calendar/:day?', name: 'calendar', component: () => import('./pages/Calendar.vue'), props: true },
    { path: '/earnings', name: 'earnings', component: () => import('./pages/Earnings.vue') },
    { path: '/queue', name: 'queue', component: () => import('./pages/Queue.vue') },
    { path: '/pin', name: 'pin', component: () => import('./pages/Pin.vue') },
    { path: '/sign-in', name: 'signIn', component: () => import('./pages/SignIn.vue') },
    { path: '/lock', name: 'lock', component: () => import('./pages/Lock.vue') },
    { path: '/:nowhere(.*)*', redirect: '/' },
  ],
})

router.beforeEach((to) => {
  if (tablet.person) return to.name === 'lock' ? '/' : true
  if (to.name === 'signIn' || to.name === 'lock') return true
  return tablet.people.length > 0 ? '/lock' : '/sign-in'
})

router.afterEach(async (to, from) => {
  document.title = `${language.i18n.global.t(`title.${String(to.name)}`)} · Holdfast`
  await nextTick()
  // A screen reader hears where it is; the first page keeps the focus where the browser put it.
  if (from.name !== undefined && from.path !== to.path && !isSamePage(to, from)) document.getElementById('main')?.focus({ preventScroll: true })
})
