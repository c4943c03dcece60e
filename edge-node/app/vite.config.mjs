import { fileURLToPath } from 'node:url'
import { named, offline, surface } from '@holdfast/kit/vite'

const FIRST_VIEW = /\/(?:Board|Shell|Bar|Standing|Banner|Empty|Toast|Wait|Truth|Pay|JobItem|JobRow|Code)\.vue/

// The kiosk lives below the app and keeps nothing.
export default surface(fileURLToPath(new URL('.', import.meta.url)), {
  plugins: [named('Holdfast for providers'), offline(['docs', 'kiosk'])],
  firstView: FIRST_VIEW,
})
