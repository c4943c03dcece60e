// The gallery: a page for each component of the kit, for people and for the browser tests. It is not shipped.
import '../src/styles/index.css'
import { createApp, type Component } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import { createLanguage, preferredLocale, readLook, showLook } from '../src/index.ts'
import Gallery from './Gallery.vue'
import { names, surfaceOf } from './names.ts'

const pages = import.meta.glob<Component>('./pages/*.vue', { import: 'default' })
const missing = names.filter((name) => !pages[`./pages/${name}.vue`])
if (missing.length > 0) throw new Error(`no page for ${missing.join(', ')}`)

const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: () => import('./Contents.vue') },
    ...names.map((name) => ({ path: `/${name}`, component: pages[`./pages/${name}.vue`]! })),
    { path: '/:rest(.*)', component: () => import('./Contents.vue') },
  ],
})
router.beforeEach(({ path }) => {
  document.documentElement.dataset.surface = surfaceOf(path.slice(1))
})

const look = readLook()
showLook(look)
const language = createLanguage({})
await language.use(preferredLocale(look.locale))
createApp(Gallery).use(language.i18n).use(router).mount('#gallery')
