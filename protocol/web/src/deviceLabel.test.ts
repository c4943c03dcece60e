import { expect, it } from 'vitest'
import { deviceLabel } from './deviceLabel.ts'

it('names browser and system, and nothing that it does not know', () => {
  const chrome = 'Mozilla/5.0 (Linux; Android 14; Pixel) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'
  expect(deviceLabel(chrome)).toBe('Chrome, Android')
  expect(deviceLabel(`${chrome} EdgA/131.0`)).toBe('Edge, Android')
  expect(deviceLabel('Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Safari/604.1')).toBe('Safari, iOS')
  expect(deviceLabel('curl/8.0')).toBeUndefined()
})
