// The edge over HTTP: sign-in, the board, and the other way for commands where MQTT is blocked.
import type { Board, BoardItem, CodeOffer, EdgeGrant, EdgeLoginForm, EdgeSession, EdgeStanding, PhotoRef, PhotoStanding, Problem, ProofNonce, Reply, SentCode } from '@holdfast/kit/api.gen.ts'
import type { MessageNumbers, MessageThread } from './messageForms.ts'
import { NO_PROOFS, proofsWith, type Proofs } from './proof.ts'

/** `unreachable` where nothing answered, else the answer or the refusal. */
export type Answer<T> = { value: T } | { problem: Problem } | { unreachable: true }

const TIMEOUT_MS = 8_000
const SIGN_IN_TIMEOUT_MS = 20_000
/** For one chunk. */
const PHOTO_TIMEOUT_MS = 30_000

type Question<T> = RequestInit & {
  token?: string
  timeout?: number
  /** The answer is a file, not JSON. */
  isFile?: boolean
  /** An earlier answer, and its name. */
  known?: Named<T> | undefined
  /** Hears of a new answer and its name. */
  named?: (etag: string, value: T) => void
}

type Named<T> = { token: string; etag: string; value: T }

export type Edge = ReturnType<typeof edgeAt>

/** The key of a tablet and what it is called. */
export type TabletKey = Pick<EdgeLoginForm, 'tablet_key' | 'tablet_label'>

/**
 * The edge that these pages came from; `base` is for tests. `key` returns the key that a token is bound to, if any; such a
 * token is sent with a proof.
 */
export function edgeAt(base = '', key?: (token: string) => CryptoKeyPair | undefined) {
  /** The last answers, by their names: the edge does not send again what this page has. */
  let board: Named<Board> | undefined
  let numbers: Named<MessageNumbers> | undefined
  const proofs: Proofs = key ? proofsWith(key, () => send<ProofNonce>('/session/nonce')) : NO_PROOFS

  /** A proof may be one of the edge before its restart, so a refused one gets a second try. */
  async function ask<T>(path: string, options: Question<T> = {}): Promise<Answer<T>> {
    const answer = await askOnce(path, options)
    if (!options.token || !('problem' in answer) || answer.problem.code !== 'proof_required') return answer
    proofs.forget()
    return askOnce(path, options)
  }

  async function askOnce<T>(path: string, options: Question<T>): Promise<Answer<T>> {
    if (!options.token) return send(path, options)
    const presented = await proofs.present(options.token)
    return 'value' in presented ? send(path, { ...options, token: presented.value }) : presented
  }

  async function send<T>(path: string, options: Question<T> = {}): Promise<Answer<T>> {
    const { token, timeout = TIMEOUT_MS, known, named, isFile, ...rest } = options
    const hasKnown = known !== undefined && known.token === token
    const headers = new Headers(rest.headers)
    if (token) headers.set('authorization', `Bearer ${token}`)
    if (typeof rest.body === 'string') headers.set('content-type', 'application/json')
    if (hasKnown) headers.set('if-none-match', known.etag)
    headers.set('accept-language', document.documentElement.lang || 'en')
    try {
      const response = await fetch(base + path, { ...rest, headers, cache: 'no-store', signal: AbortSignal.timeout(timeout) })
      if (hasKnown && response.status === 304) return { value: known.value }
      if (isFile && response.ok) return { value: (await response.blob()) as T }
      const text = await response.text()
      const body: unknown = text === '' ? {} : JSON.parse(text)
      if (response.ok) {
        named?.(response.headers.get('etag') ?? '', body as T)
        return { value: body as T }
      }
      const unsaid: Problem = { type: 'urn:holdfast:internal', code: 'internal', title: 'internal', status: response.status }
      return { problem: { ...unsaid, ...(body as Partial<Problem>), status: response.status } }
    } catch {
      return { unreachable: true }
    }
  }

  return {
    proofs,
    standing: () => ask<EdgeStanding>('/standing'),
    board: (token: string) =>
      ask<Board>('/board', { token, known: board, named: (etag, value) => (board = { token, etag, value }) }),
    /** How far the threads of this person's orders go. */
    messages: (token: string) =>
      ask<MessageNumbers>('/messages', { token, known: numbers, named: (etag, value) => (numbers = { token, etag, value }) }),
    thread: (order: string, token: string) => ask<MessageThread>(`/orders/${order}/messages`, { token }),
    /** The picture of a message, if the edge has it. */
    messagePhoto: (order: string, number: number, token: string) =>
      ask<Blob>(`/orders/${order}/messages/${number}/photo`, { token, isFile: true, timeout: PHOTO_TIMEOUT_MS }),
    /** A kiosk keeps no person's board. */
    forgetBoard: () => (board = undefined),
    /** The order of a receipt. */
    follow: (receipt: { code: string; secret: string }, token: string) => ask<BoardItem>('/receipts', { method: 'POST', token, body: JSON.stringify(receipt) }),
    session: (token: string, device: string) => ask<EdgeSession>(`/session?device=${device}`, { token }),
    /** A provider's token is bound to this tablet, and to its key if it has one, and lives for days. */
    signIn: (username: string, password: string, tablet: string, key: TabletKey = {}) =>
      ask<EdgeGrant>('/session', { method: 'POST', body: JSON.stringify({ username, password, tablet, ...key }), timeout: SIGN_IN_TIMEOUT_MS }),
    /** Whether the cloud sends codes to phones. */
    codeOffer: () => ask<CodeOffer>('/session/codes'),
    sendCode: (phone: string) => ask<SentCode>('/session/codes', { method: 'POST', body: JSON.stringify({ phone }), timeout: SIGN_IN_TIMEOUT_MS }),
    signInByCode: (phone: string, code: string) =>
      ask<EdgeGrant>('/session/codes/sign-in', { method: 'POST', body: JSON.stringify({ phone, code }), timeout: SIGN_IN_TIMEOUT_MS }),
    signOut: (token: string, device: string) => {
      ;[board, numbers] = [undefined, undefined]
      return ask<unknown>(`/session?device=${device}`, { method: 'DELETE', token })
    },
    /** How far the photo of a command has come. */
    photo: (photo: PhotoRef, command: string, token: string) => ask<PhotoStanding>(`/photos/${command}/${photo.hash}`, { token }),
    sendPhoto: (photo: PhotoRef, command: string, token: string, offset: number, chunk: ArrayBuffer) =>
      ask<PhotoStanding>(`/photos/${command}/${photo.hash}?offset=${offset}`, { method: 'PUT', token, body: chunk, timeout: PHOTO_TIMEOUT_MS }),
    async command(frame: string): Promise<Answer<Reply>> {
      const answer = await ask<Reply>('/commands', { method: 'POST', body: frame })
      // A refusal of the call itself carries the reply.
      const reply = 'problem' in answer ? (answer.problem.reply as Reply | undefined) : undefined
      return reply ? { value: reply } : answer
    },
  }
}
