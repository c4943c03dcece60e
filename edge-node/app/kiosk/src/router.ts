// The kiosk's places. They live in memory, so that the browser's history never has one of them, and its back button
// leads nowhere: the page's own does.
import { nextTick } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { language } from './language.ts'
import { STEPS } from './draft.ts'
import { visit } from './visit.ts'

export const router = createRouter({
  history: createMemoryHistory(),
  routes: [
    { path: '/', name: 'attract', component: () => import('./pages/Attract.vue') },
    { path: `/publish/:step(${STEPS.join('|')})`, name: 'publish', component: () => import('./pages/Publish.vue'), props: true },
    { path: '/receipt', name: 'receipt', component: () => import('./pages/Receipt.vue') },
    { path: '/find', name: 'find', component: () => import('./pages/Find.vue') },
    { path: '/mine', name: 'mine', component: () => import('./pages/Mine.vue') },
    { path: '/order', name: 'follow', component: () => import('./pages/Follow.vue') },
    { path: '/order/cancel', name: 'cancel', component: () => import('./pages/Cancel.vue') },
    { path: '/order/review', name: 'review', component: () => import('./pages/Review.vue') },
    { path: '/who', name: 'who', component: () => import('./pages/Who.vue') },
    { path: '/sign-in/phone', name: 'phone', component: () => import('./pages/Phone.vue') },
    { path: '/sign-in/code', name: 'code', component: () => import('./pages/PhoneCode.vue') },
    { path: '/sign-in', name: 'signIn', component: () => import('./pages/SignIn.vue') },
    { path: '/staff', name: 'staff', component: () => import('./pages/Staff.vue') },
    { path: '/wiped', name: 'wiped', component: () => import('./pages/Wiped.vue') },
    { path: '/:nowhere(.*)*', redirect: '/' },
  ],
})

/** Pages of one order need it. */
const OF_AN_ORDER: readonly unknown[] = ['receipt', 'follow', 'cancel', 'review']

router.beforeEach((to) => {
  if (to.name === 'code' && visit.phoneCode.sentTo === undefined) return '/sign-in/phone'
  return OF_AN_ORDER.includes(to.name) && !visit.order ? '/' : true
})

router.afterEach(async (to, from) => {
  document.title = `${language.i18n.global.t(`title.${String(to.name)}`)} · Holdfast`
  visit.trouble = undefined
  await nextTick()
  // A screen reader hears where it is; the first page keeps the focus where the browser put it.
  if (from.name !== undefined) document.getElementById('main')?.focus({ preventScroll: true })
})
