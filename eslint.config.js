import i18n from '@intlify/eslint-plugin-vue-i18n'
import typescript from '@typescript-eslint/parser'
import vue from 'eslint-plugin-vue'
import * as jsonc from 'jsonc-eslint-parser'
import vueParser from 'vue-eslint-parser'

const LOCALES = ['protocol/web', 'edge-node/app', 'edge-node/app/kiosk', 'cloud/portal'].map((member) => ({
  pattern: `./${member}/src/locales/**/*.json`,
  localeKey: 'file',
  localePattern: /^.*\/(?<locale>en|zh-CN)\.json$/,
}))

export default [
  { ignores: ['**/dist/', '**/node_modules/', 'target/', '**/*.gen.ts'] },
  ...vue.configs['flat/recommended'],
  ...i18n.configs['flat/base'],
  {
    files: ['**/*.{js,mjs,ts,vue}'],
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-globals': ['error', { name: 'localStorage', message: 'Use preferences.ts; a token never lives there.' }],
      'prefer-const': 'error',
    },
  },
  { files: ['**/*.{mjs,js}', '**/tests/**', '**/*.test.ts'], rules: { 'no-console': 'off' } },
  { files: ['**/*.ts'], languageOptions: { parser: typescript } },
  { files: ['**/*.vue'], languageOptions: { parser: vueParser, parserOptions: { parser: typescript } } },
  {
    files: ['**/*.vue'],
    rules: {
      // The kit names its components after the thing they show, as the design does.
      'vue/multi-word-component-names': 'off',
      'vue/no-reserved-component-names': 'off',
      'vue/no-static-inline-styles': 'error',
      'vue/no-v-html': 'error',
      'vue/require-default-prop': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/attributes-order': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      '@intlify/vue-i18n/no-raw-text': [
        'error',
        {
          attributes: { '/.+/': ['title', 'aria-label', 'placeholder', 'alt', 'label', 'hint', 'words'] },
          ignorePattern: '^[-–—·…%/×#:：.,()\\s\\d]+$',
          ignoreText: ['Holdfast'],
        },
      ],
      '@intlify/vue-i18n/no-v-html': 'error',
    },
  },
  {
    files: ['**/src/**/*.{ts,vue}'],
    ignores: ['**/*.test.ts'],
    rules: { '@intlify/vue-i18n/no-missing-keys': 'error' },
    settings: { 'vue-i18n': { localeDir: LOCALES, messageSyntaxVersion: '^11.0.0' } },
  },
  {
    files: ['**/locales/*.json'],
    languageOptions: { parser: jsonc },
    rules: { '@intlify/vue-i18n/no-html-messages': 'error' },
    settings: { 'vue-i18n': { localeDir: LOCALES, messageSyntaxVersion: '^11.0.0' } },
  },
  // Seen by those who build and test, and bilingual by other means.
  { files: ['protocol/web/gallery/**'], rules: { '@intlify/vue-i18n/no-raw-text': 'off' } },
]
