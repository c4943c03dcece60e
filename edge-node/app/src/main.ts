import '@holdfast/kit/styles.css'
import { createLanguage, preferredLocale, readLook, showLook } from '@holdfast/kit'
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router.ts'

const look = readLook()
showLook(look)
const language = createLanguage(import.meta.glob('./locales/*.json', { import: 'default' }))
await language.use(preferredLocale(look.locale))
createApp(App).use(language.i18n).use(router).mount('#app')
