import { fileURLToPath } from 'node:url'
import { surface } from '@holdfast/kit/vite'

const root = fileURLToPath(new URL('.', import.meta.url))

// Built into the app's folder, after the app: the edge serves it at `/kiosk`. It has no service worker: a kiosk without
// its node can do nothing, and so keeps nothing.
export default surface(root, { base: '/kiosk/', publicDir: false, build: { outDir: '../dist/kiosk' } })
