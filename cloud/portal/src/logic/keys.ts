// Turns key presses into commands. A binding is one key (`a`, `A` with shift, `?`, `Enter`) or two after each other (`g a`).
// Letters work only outside fields and never together with Ctrl, Alt or Meta, which belong to the browser.

export interface KeyPress {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  /** The press went to a field, or something else that takes letters itself. */
  inField: boolean
  /** The press went to something that Enter and Space press. */
  onControl: boolean
}

/** Time limit for the second key of two. */
export const PAIR_MS = 1_500

export class Keymap {
  private first: { key: string; at: number } | undefined

  /** Returns the command of this press, if it completes one. */
  press(press: KeyPress, bindings: Readonly<Record<string, string>>, at: number): string | undefined {
    if (press.ctrlKey || press.metaKey || press.altKey || press.inField) return this.forget()
    if (press.key === 'Shift') return undefined
    if (press.onControl && (press.key === 'Enter' || press.key === ' ')) return this.forget()
    const { first } = this
    this.first = undefined
    if (first && at - first.at <= PAIR_MS) {
      const pair = bindings[`${first.key} ${press.key}`]
      if (pair) return pair
    }
    const single = bindings[press.key]
    if (single) return single
    const opensPair = Object.keys(bindings).some(binding => binding.startsWith(`${press.key} `))
    if (opensPair) this.first = { key: press.key, at }
    return undefined
  }

  private forget(): undefined {
    this.first = undefined
    return undefined
  }
}

const TYPING = 'input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit]), textarea, select, [contenteditable=true]'

export function keyPressOf(event: KeyboardEvent): KeyPress {
  const target = event.target instanceof Element ? event.target : null
  const { key, ctrlKey, metaKey, altKey } = event
  return {
    key, ctrlKey, metaKey, altKey,
    inField: event.isComposing || Boolean(target?.closest(TYPING)),
    onControl: Boolean(target?.closest('a[href], button, summary, input')),
  }
}
