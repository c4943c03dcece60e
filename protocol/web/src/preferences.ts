// A person's choices for the look: theme, large type, language, closed cards. Nothing else
// lives in localStorage.

const KEY = 'holdfast.look'

export type Look = {
  locale: string | null
  theme: 'light' | 'dark' | null
  elder: boolean
  keys: boolean
  /** Cards with first steps that were closed here: the card's name and its reader's id. */
  closed: string[]
}

const START: Look = { locale: null, theme: null, elder: false, keys: true, closed: [] }

export function readLook(): Look {
  const asked = new URLSearchParams(location.search)
  const look = { ...START, ...stored() }
  const theme = asked.get('theme')
  if (theme === 'light' || theme === 'dark') look.theme = theme
  if (asked.has('elder')) look.elder = true
  return look
}

export function keepLook(change: Partial<Look>): Look {
  const look = { ...START, ...stored(), ...change }
  try {
    // eslint-disable-next-line no-restricted-globals
    localStorage.setItem(KEY, JSON.stringify(look))
  } catch {
    // A browser that keeps nothing shows it for this visit all the same.
  }
  showLook(look)
  return look
}

/** Puts the look on the document, where the tokens read it. */
export function showLook(look: Look): void {
  const root = document.documentElement
  if (look.theme) root.dataset.theme = look.theme
  else delete root.dataset.theme
  root.toggleAttribute('data-elder', look.elder)
}

function stored(): Partial<Look> {
  try {
    // eslint-disable-next-line no-restricted-globals
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Look>
  } catch {
    return {}
  }
}
