// Keeping the app on the device's home screen. The browser allows it once per visit; the person is asked once, after
// their first confirmed command.
import { computed, shallowReactive } from 'vue'

interface InstallPrompt extends Event {
  prompt: () => Promise<unknown>
}

const state = shallowReactive({
  prompt: undefined as InstallPrompt | undefined,
  isInstalled: false,
})

/** Safari on a phone or tablet has no prompt: the person does it in the Share menu. */
const isByHand = 'standalone' in navigator

/** How the app gets onto this device, if it is not there yet. */
export const wayToInstall = computed(() => {
  if (state.isInstalled) return undefined
  if (state.prompt) return 'prompt'
  return isByHand ? 'by-hand' : undefined
})

/** From the start on: the browser offers it once, perhaps before the first page is drawn. */
export function listenForInstall(): void {
  state.isInstalled = matchMedia('(display-mode: standalone)').matches || (navigator as { standalone?: boolean }).standalone === true
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault()
    state.prompt = event as InstallPrompt
  })
  addEventListener('appinstalled', () => { state.isInstalled = true })
}

/** A prompt works once. */
export async function install(): Promise<void> {
  const { prompt } = state
  state.prompt = undefined
  await prompt?.prompt()
}
