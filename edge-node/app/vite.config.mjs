import { fileURLToPath } from 'node:url'
import { offline, surface } from '@holdfast/kit/vite'

const root = fileURLToPath(new URL('.', import.meta.url))

export default surface(root, { plugins: [offline(root)] })
