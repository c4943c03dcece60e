import { fileURLToPath } from 'node:url'
import { surface } from '../vite.mjs'

export default surface(fileURLToPath(new URL('.', import.meta.url)), { publicDir: false })
