// The keys that work now: those of the shell and those of the page, which take precedence. They can be turned off.

import { readLook } from '@holdfast/kit/preferences.ts'
import { onBeforeUnmount, reactive, shallowReactive } from 'vue'
import type { Role } from '@holdfast/kit/api.gen.ts'
import { Keymap, keyPressOf } from '../logic/keys.ts'

export interface KeyCommand {
  /** Key of its name in the messages. */
  name: string
  run: () => unknown
  roles?: readonly Role[]
  /** Works without being listed: it belongs to another line of the list. */
  unlisted?: boolean
}
export type KeyCommands = Readonly<Record<string, KeyCommand>>

export const keySettings = reactive({ on: readLook().keys })
const layers = shallowReactive<KeyCommands[]>([])

/** Every key that works now, the page's before the shell's. */
export function liveKeys(role: Role | undefined): [string, KeyCommand][] {
  const all = new Map<string, KeyCommand>()
  for (const layer of [...layers].reverse()) {
    for (const [key, command] of Object.entries(layer)) {
      const forRole = !command.roles || (role !== undefined && command.roles.includes(role))
      if (forRole && !all.has(key)) all.set(key, command)
    }
  }
  return [...all]
}

/** Adds keys for as long as the component lives. */
export function useKeys(commands: KeyCommands): void {
  layers.push(commands)
  onBeforeUnmount(() => {
    const at = layers.indexOf(commands)
    if (at >= 0) layers.splice(at, 1)
  })
}

export function listenToKeys(role: () => Role | undefined): () => void {
  const keymap = new Keymap()
  const press = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return
    // A dialog has keys of its own; the page under it hears nothing.
    if (document.querySelector('dialog:modal')) return
    const commands = Object.fromEntries(liveKeys(role()))
    const known = Object.keys(commands).filter(key => keySettings.on || !isLetter(key))
    const command = keymap.press(keyPressOf(event), Object.fromEntries(known.map(key => [key, key])), event.timeStamp)
    if (!command) return
    event.preventDefault()
    commands[command]?.run()
  }
  document.addEventListener('keydown', press)
  return () => document.removeEventListener('keydown', press)
}

function isLetter(binding: string): boolean {
  return /^\S( \S)?$/u.test(binding)
}
