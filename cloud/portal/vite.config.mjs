import { fileURLToPath } from 'node:url'
import { offline, surface, wordsFirst } from '@holdfast/kit/vite'

export default surface(fileURLToPath(new URL('.', import.meta.url)), { plugins: [wordsFirst(), offline([], new URL('./src/push.sw.js', import.meta.url))] })
