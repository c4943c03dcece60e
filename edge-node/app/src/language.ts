// The languages of the app.
import { createLanguage } from '@holdfast/kit'

export const language = createLanguage(import.meta.glob('./locales/*.json', { import: 'default' }))
