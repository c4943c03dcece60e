// What an admin has typed to find an order's money.

export type Search = { by: 'code'; code: string } | { by: 'id'; id: string }

const CODE = /^[NSEWM]-?[0-9A-Z]{6}$/
export const ID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/

/** `undefined` where it is neither a code nor an id. */
export function searchOf(typed: string): Search | undefined {
  const text = typed.trim().replaceAll(/[\s–—]/g, '')
  const id = text.toLowerCase()
  if (ID.test(id)) {
    const bare = id.replaceAll('-', '')
    return { by: 'id', id: [bare.slice(0, 8), bare.slice(8, 12), bare.slice(12, 16), bare.slice(16, 20), bare.slice(20)].join('-') }
  }
  const code = text.toUpperCase()
  if (!CODE.test(code)) return undefined
  return { by: 'code', code: code.includes('-') ? code : `${code.slice(0, 1)}-${code.slice(1)}` }
}
