/** Minor units of an amount as the API writes it, such as `180.00`. */
export function minorOf(amount: string): number {
  const match = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(amount)
  if (!match) return 0
  const [, sign, whole, cents = ''] = match
  const minor = Number(whole) * 100 + Number(cents.padEnd(2, '0'))
  return sign ? -minor : minor
}

/** Reads a typed amount into the form of the API; `undefined` where it is none. */
export function amountOf(typed: string): string | undefined {
  const plain = typed.trim().replace(/^[¥￥]\s*/, '').replaceAll(/[,，\s]/g, '').replace('．', '.')
  const match = /^(\d{1,8})(?:\.(\d{0,2}))?$/.exec(plain)
  if (!match) return undefined
  return `${Number(match[1])}.${(match[2] ?? '').padEnd(2, '0')}`
}
