import '@holdfast/kit/styles.css'
import './app.css'
import { preferredLocale, readLook, showLook } from '@holdfast/kit'
import { keepOffline } from '@holdfast/kit/worker.ts'
import { createApp } from 'vue'
import App from './App.vue'
import { language } from './language.ts'
import { router } from './router.ts'
import { listenForInstall } from './device/install.ts'
import { start } from './device/tablet.ts'
import { tablet } from './device/tabletState.ts'

listenForInstall()
const look = readLook()
showLook(look)
await Promise.all([language.use(preferredLocale(look.locale)), start()])
createApp(App).use(language.i18n).use(router).mount('#app')
// A new function each time, so that an offer that was not answered is made again.
void keepOffline((takeOver) => (tablet.update = () => takeOver())).catch(() => undefined)
