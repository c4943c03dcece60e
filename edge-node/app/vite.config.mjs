import { fileURLToPath } from 'node:url'
import { surface } from '@holdfast/kit/vite'

export default surface(fileURLToPath(new URL('.', import.meta.url)))
