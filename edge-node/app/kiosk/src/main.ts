import '@holdfast/kit/styles.css'
import './kiosk.css'
import { LOCALES, preferredLocale } from '@holdfast/kit'
import { createApp } from 'vue'
import App from './App.vue'
import { startKiosk } from './kiosk.ts'
import { language } from './language.ts'
import { router } from './router.ts'

// The first page speaks both languages at once.
for (const each of LOCALES) await language.use(each)
await Promise.all([language.use(preferredLocale(null)), startKiosk()])
await router.replace('/')
createApp(App).use(language.i18n).use(router).mount('#app')
