import { fileURLToPath } from 'node:url'
import { named, offline, surface } from '@holdfast/kit/vite'

// The kiosk lives below the app and keeps nothing.
export default surface(fileURLToPath(new URL('.', import.meta.url)), { plugins: [named('Holdfast for providers'), offline(['docs', 'kiosk'])] })
