// The kit's sheet comes first: it names the layers in their order.
import '@holdfast/kit/styles.css'
import './styles.css'
import { createLanguage, formatsOf, preferredLocale, readLook, showLook } from '@holdfast/kit'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import { surround } from './api/client.ts'
import { Problem } from './api/problem.ts'
import App from './App.vue'
import { addMessagesFor, languageKey } from './language.ts'
import { noteReached } from './live.ts'
import { createPortalRouter } from './router.ts'
import { csrf, expire, restore } from './session.ts'

/** After that the shell opens without its page, and can say that the network is away. */
const FIRST_PAGE_MS_MAX = 3_000

const look = readLook()
showLook(look)
const language = createLanguage(import.meta.glob('./locales/*.json', { import: 'default' }))
await language.use(preferredLocale(look.locale))

surround({
  language: () => language.i18n.global.locale.value,
  csrf,
  renew: restore,
  signedOut: expire,
  reached: noteReached,
})

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // A browser's own idea of "online" says nothing of Holdfast.
      networkMode: 'always',
      retry: (failures, error) => error instanceof Problem && error.passes && failures < 2,
      staleTime: 5_000,
      gcTime: 30 * 60_000,
    },
    mutations: { networkMode: 'always', retry: false },
  },
})

const router = createPortalRouter(role => addMessagesFor(role, language))
const app = createApp(App)
  .use(language.i18n)
  .use(router)
  .use(VueQueryPlugin, { queryClient: client })
  .provide(languageKey, language)
// The words of index.html stay until the first page can take their place. Without that page the shell says why.
// A browser takes long to make its first formats, and has time for it while the first answers are under way.
setTimeout(() => formatsOf(language.i18n.global.locale.value).date(Date.now()))
const firstPage = router.isReady().catch(() => undefined)
await Promise.race([firstPage, new Promise(resolve => setTimeout(resolve, FIRST_PAGE_MS_MAX))])
app.mount('#app')
