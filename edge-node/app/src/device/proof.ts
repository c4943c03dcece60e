// The proof that this tablet holds the key to which its sign-ins are bound: a signed nonce of the edge. Whoever copies a
// sign-in cannot make one, for no script can export the key.
//
// Must stay true: a proof is only in memory; the edge chooses the nonce, so a wrong clock here does no harm.
import type { ProofNonce } from '@holdfast/kit/api.gen.ts'
import type { Answer } from './edge.ts'
import { signText } from './keys.ts'

export type Proofs = {
  /** The token with a proof, or alone where none is needed; else the edge's refusal of a nonce, or its silence. */
  present(token: string): Promise<Answer<string>>
  /** The edge refused the last proof: its process is another, or the proof was old. */
  forget(): void
}

/** `text` is missing where the edge has none. */
type Nonce = { text: string | undefined; until: number }

/** An edge of an earlier version has no nonces; it may be updated meanwhile. */
const NONE_FOR_MS = 60_000

export const NO_PROOFS: Proofs = { present: async (token) => ({ value: token }), forget: () => {} }

/** `key`: the one to which this token is bound. */
export function proofsWith(key: (token: string) => CryptoKeyPair | undefined, ask: () => Promise<Answer<ProofNonce>>, now = () => performance.now()): Proofs {
  let nonce: Nonce | undefined
  let asking: Promise<Answer<ProofNonce>> | undefined
  /** What this nonce has proven, by token: a tablet has few people. */
  const shown = new Map<string, string>()

  async function currentNonce(): Promise<Answer<Nonce>> {
    if (nonce && now() < nonce.until) return { value: nonce }
    forget()
    asking ??= ask().finally(() => (asking = undefined))
    const answer = await asking
    // Half its time, so that a proof is still good when it arrives.
    if ('value' in answer) nonce = { text: answer.value.nonce, until: now() + answer.value.expires_in * 500 }
    else if ('problem' in answer && answer.problem.status === 404) nonce = { text: undefined, until: now() + NONE_FOR_MS }
    else return answer
    return { value: nonce }
  }

  function forget(): void {
    nonce = undefined
    shown.clear()
  }

  async function prove(pair: CryptoKeyPair, nonce: string, token: string): Promise<string> {
    const known = shown.get(token)
    if (known?.startsWith(`${token}~${nonce}~`)) return known
    const made = `${token}~${nonce}~${await signText(pair, `holdfast device proof 1\n${nonce}\n${token}`)}`
    shown.set(token, made)
    return made
  }

  return {
    async present(token) {
      const pair = key(token)
      if (!pair) return { value: token }
      const current = await currentNonce()
      if (!('value' in current)) return current
      const { text } = current.value
      return { value: text === undefined ? token : await prove(pair, text, token) }
    },
    forget,
  }
}
