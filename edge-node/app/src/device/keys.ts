// The keys that protect what a shared tablet keeps, and the key that proves where it signed in: the only place that
// encrypts and signs.
//
// Must stay true: each ciphertext is bound to its person, its kind and its record, so that it opens nowhere else; a key's
// bytes leave this module only to be wrapped again.

type Bytes = Uint8Array<ArrayBuffer>

/** AES-GCM: twelve random bytes and the ciphertext. */
export type Sealed = Bytes
/** What the ciphertext belongs to. */
export type Owner = { person: string; kind: string; id: string }
/** A data key, encrypted under a key that is derived from a password or a PIN. */
export type Wrapped = { salt: Bytes; rounds: number; sealed: Sealed }

const AES = 'AES-GCM'
/** Every browser has it. */
const P256 = { name: 'ECDSA', namedCurve: 'P-256' }
const IV_BYTES = 12
const SALT_BYTES = 16
const KEY_BYTES = 32
/** As OWASP advises for PBKDF2 with SHA-256. */
const ROUNDS = 600_000
/** Far more than any version writes: a changed count must not stop the tablet. */
const ROUNDS_MAX = 10_000_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The device's key: the browser uses it, and no script can read it. */
export function newDeviceKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: AES, length: 8 * KEY_BYTES }, false, ['encrypt', 'decrypt'])
}

/** The key to which sign-ins are bound: the browser signs with it, and no script can read its private half. */
export function newProofKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(P256, false, ['sign'])
}

/** Where a device keeps both keys. */
export type KeyStore = {
  get<T>(name: 'deviceKey' | 'proofKey'): Promise<T | undefined>
  /** Stores the key if there is none, in one transaction, and returns the stored one: two windows use the same key. */
  add<T>(name: 'deviceKey' | 'proofKey', key: T): Promise<T>
}

export async function loadDeviceKey(store: KeyStore): Promise<CryptoKey> {
  return (await store.get<CryptoKey>('deviceKey')) ?? store.add('deviceKey', await newDeviceKey())
}

/**
 * Nothing where the key cannot be stored: a sign-in that is bound to a key of this window would end with it. The app then
 * signs in without a key, and a copy of that token opens every edge of the region.
 */
export async function loadProofKey(store: KeyStore): Promise<CryptoKeyPair | undefined> {
  const known = await store.get<CryptoKeyPair>('proofKey')
  return known ?? store.add('proofKey', await newProofKey()).catch(() => undefined)
}

/** As the cloud stores it. */
export async function publicKeyOf({ publicKey }: CryptoKeyPair): Promise<string> {
  return base64url(await crypto.subtle.exportKey('raw', publicKey))
}

export async function signText({ privateKey }: CryptoKeyPair, text: string): Promise<string> {
  return base64url(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, encoder.encode(text)))
}

function base64url(bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The bytes of a key for one person's data or one photo. */
export const newKeyBytes = (): Bytes => crypto.getRandomValues(new Uint8Array(KEY_BYTES))

export function importKey(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, AES, false, ['encrypt', 'decrypt'])
}

export async function seal(key: CryptoKey, owner: Owner, plain: BufferSource): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const bytes = await crypto.subtle.encrypt({ name: AES, iv, additionalData: nameOf(owner) }, key, plain)
  const sealed = new Uint8Array(IV_BYTES + bytes.byteLength)
  sealed.set(iv)
  sealed.set(new Uint8Array(bytes), IV_BYTES)
  return sealed
}

/** Nothing where the key is another, the bytes were changed, or they belong to another record. */
export async function unseal(key: CryptoKey, owner: Owner, sealed: Sealed): Promise<Bytes | undefined> {
  const algorithm = { name: AES, iv: sealed.slice(0, IV_BYTES), additionalData: nameOf(owner) }
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, sealed.slice(IV_BYTES)))
  } catch {
    return undefined
  }
}

export function sealValue(key: CryptoKey, owner: Owner, value: unknown): Promise<Sealed> {
  return seal(key, owner, encoder.encode(JSON.stringify(value)))
}

export async function unsealValue<T>(key: CryptoKey, owner: Owner, sealed: Sealed): Promise<T | undefined> {
  const plain = await unseal(key, owner, sealed)
  return plain && (JSON.parse(decoder.decode(plain)) as T)
}

export async function wrapByPassword(dataKey: Bytes, password: string, person: string): Promise<Wrapped> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES))
  const key = await keyFrom(password, salt, ROUNDS)
  return { salt, rounds: ROUNDS, sealed: await seal(key, { person, kind: 'password', id: 'key' }, dataKey) }
}

export async function unwrapByPassword(wrapped: Wrapped, password: string, person: string): Promise<Bytes | undefined> {
  const key = await keyFrom(password, wrapped.salt, wrapped.rounds)
  return unseal(key, { person, kind: 'password', id: 'key' }, wrapped.sealed)
}

/** The device's key lies over the PIN's: without it nobody can even begin to try PINs. */
export async function wrapByPin(dataKey: Bytes, pin: string, person: string, device: CryptoKey): Promise<Wrapped> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES))
  const inner = await seal(await keyFrom(pin, salt, ROUNDS), { person, kind: 'pin', id: 'key' }, dataKey)
  return { salt, rounds: ROUNDS, sealed: await seal(device, { person, kind: 'pin', id: 'device' }, inner) }
}

export async function unwrapByPin(wrapped: Wrapped, pin: string, person: string, device: CryptoKey): Promise<Bytes | undefined> {
  const inner = await unseal(device, { person, kind: 'pin', id: 'device' }, wrapped.sealed)
  return inner && unseal(await keyFrom(pin, wrapped.salt, wrapped.rounds), { person, kind: 'pin', id: 'key' }, inner)
}

async function keyFrom(secret: string, salt: Bytes, rounds: number): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', encoder.encode(secret), 'PBKDF2', false, ['deriveKey'])
  const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: Math.min(rounds, ROUNDS_MAX) }
  return crypto.subtle.deriveKey(derivation, base, { name: AES, length: 8 * KEY_BYTES }, false, ['encrypt', 'decrypt'])
}

const nameOf = ({ person, kind, id }: Owner) => encoder.encode(JSON.stringify(['holdfast', person, kind, id]))
