// The languages of the kiosk.
import { createLanguage } from '@holdfast/kit'

export const language = createLanguage(import.meta.glob('./locales/*.json', { import: 'default' }))
