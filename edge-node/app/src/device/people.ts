// The people of this tablet: who may come in, by what, and with which key.
//
// Must stay true: a person's data key is opened by their password, or by their PIN while their sign-in lives; while the
// tablet is locked no key of theirs is on it but encrypted.
import type { EdgeGrant } from '@holdfast/kit/api.gen.ts'
import { importKey, loadDeviceKey, loadProofKey, newKeyBytes, seal, sealValue, unseal, unsealValue, unwrapByPassword, unwrapByPin, wrapByPassword, wrapByPin } from './keys.ts'
import { isPassword } from './password.ts'
import { judgeTry, NO_TRIES, pauseLeft, type PinFault, pinFaultOf, triesLeft, withClock, type WrongTry } from './pin.ts'
import { keepKeyWrap, openPerson, type Person, readKeyWrap, type TabletStore, usersOnDisk } from './store.ts'

/** Somebody who is in: `own` opens what is theirs. */
export type Entered = { user_id: string; name: string; expires_at: number; token: string | undefined; own: CryptoKey }
/** Whose commands leave while they are away. */
export type Sendable = { user_id: string; token: string; expires_at: number }
/** What everybody at the tablet sees of a person. `pin`: the tries that are left, or until when it rests. */
export type Shown = { user_id: string; name: string; pin?: { tries: number; restsUntil?: number } }

export type PinAnswer = Entered | WrongTry

type Bytes = Uint8Array<ArrayBuffer>

const tokenOf = (person: string) => ({ person, kind: 'token', id: 'token' })
const openedBy = (person: string) => ({ person, kind: 'opened', id: 'key' })

export async function openPeople(store: TabletStore, now = () => Date.now(), prefix = 'holdfast') {
  const device = await loadDeviceKey(store)
  const proof = await loadProofKey(store)

  /** Seals what an older version left in the clear. A disk that is full now does it at the next start. */
  async function sealOld(): Promise<void> {
    const people = await store.people()
    for (const person of people) if (typeof person.token === 'string') await store.putPerson(await sealed(person, person.token)).catch(noRoom)
    for (const user of new Set([...people.map(({ user_id }) => user_id), ...(await usersOnDisk(prefix))])) await sealData(user).catch(noRoom)
  }

  /** Until their next password the device alone opens it: the tablet knows nobody's password. */
  async function sealData(user: string): Promise<void> {
    const wrap = await readKeyWrap(user, prefix)
    if (wrap?.by === 'password') return
    const key = wrap ? await unseal(device, openedBy(user), wrap.sealed) : newKeyBytes()
    if (!key) return
    if (!wrap) await keepKeyWrap(user, { by: 'device', sealed: await seal(device, openedBy(user), key) }, prefix)
    await mend(user, key)
  }

  async function mend(user: string, key: Bytes): Promise<void> {
    const disk = await openPerson(user, { device, own: await importKey(key) }, prefix)
    await disk.mend().finally(() => disk.close())
  }

  const sealed = async (person: Person, token: string): Promise<Person> => ({ ...person, token: await sealValue(device, tokenOf(person.user_id), token) })

  /** Nothing where the device's key is lost: then a new sign-in gives a new one. */
  async function tokenFrom({ user_id, token }: Person): Promise<string | undefined> {
    return typeof token === 'string' ? token : unsealValue<string>(device, tokenOf(user_id), token)
  }

  async function admit(person: Person, key: Bytes): Promise<Entered> {
    const { user_id, name, expires_at } = person
    const token = expires_at > now() ? await tokenFrom(person) : undefined
    return { user_id, name, expires_at, token, own: await importKey(key) }
  }

  /** Makes this person the one at the tablet; until the next lock a reload needs no password, unless the disk is full. */
  async function enter(person: Person, key: Bytes): Promise<Entered> {
    const { user_id } = person
    try {
      await store.set('opened', { user_id, sealed: await seal(device, openedBy(user_id), key) })
      await store.set('current', user_id)
      await store.set('locked', false)
    } catch {
      await store.forgetLastPerson()
    }
    return admit(person, key)
  }

  async function openedKey(user: string): Promise<Bytes | undefined> {
    const opened = await store.get<{ user_id: string; sealed: Bytes }>('opened')
    if (opened?.user_id === user) return unseal(device, openedBy(user), opened.sealed)
    return undefined
  }

  /** Of an older version's data, which no password has locked yet. */
  async function keyByDevice(user: string): Promise<Bytes | undefined> {
    const wrap = await readKeyWrap(user, prefix)
    return wrap?.by === 'device' ? unseal(device, openedBy(user), wrap.sealed) : undefined
  }

  /** Locks the data key with this password from now on. */
  async function lockWith(user: string, key: Bytes, password: string): Promise<void> {
    await keepKeyWrap(user, { by: 'password', wrapped: await wrapByPassword(key, password, user) }, prefix)
    await store.changePerson(user, ({ verifier: _, ...person }) => person)
  }

  /** The data key, where this is the password that the tablet knows. */
  async function keyByPassword(person: Pick<Person, 'user_id' | 'verifier'>, password: string): Promise<Bytes | undefined> {
    const { user_id, verifier } = person
    const wrap = await readKeyWrap(user_id, prefix)
    if (wrap?.by === 'password') return unwrapByPassword(wrap.wrapped, password, user_id)
    if (!verifier || !(await isPassword(password, verifier))) return undefined
    const key = (await keyByDevice(user_id)) ?? newKeyBytes()
    await lockWith(user_id, key, password)
    return key
  }

  async function find(name: string): Promise<Person | undefined> {
    return (await store.people()).find((each) => each.name === name.trim() || each.user_id === name)
  }

  return {
    device,
    /** Sign-ins on this tablet are bound to it. */
    proof,
    sealOld,

    /** For everybody's eyes. A clock that was set back starts a pause anew. */
    async shown(): Promise<Shown[]> {
      return Promise.all((await store.people()).map(async ({ user_id, name, expires_at, pin }) => {
        if (!pin || expires_at <= now()) return { user_id, name }
        if (pin.tries.counted_at > now()) await change(user_id, (tries) => withClock(tries, now())).catch(noRoom)
        const pause = pauseLeft(pin.tries, now())
        return { user_id, name, pin: { tries: triesLeft(pin.tries), restsUntil: pause > 0 ? now() + pause : undefined } }
      }))
    },

    async sendable(): Promise<Sendable[]> {
      const people = await store.people()
      const all = await Promise.all(people.map(async (person) => ({ user_id: person.user_id, expires_at: person.expires_at, token: await tokenFrom(person) })))
      return all.filter((person): person is Sendable => person.token !== undefined)
    },

    /** The person who was at the tablet last, unless it is locked. A full disk keeps nobody out. */
    async current(): Promise<Entered | undefined> {
      const user = await store.get<string>('current')
      const person = user === undefined ? undefined : await store.person(user)
      if (!person || (await store.get<boolean>('locked')) === true) return undefined
      const opened = await openedKey(person.user_id)
      if (opened) return admit(person, opened)
      const key = await keyByDevice(person.user_id)
      return key && enter(person, key)
    },

    /**
     * The cloud has let this person in, by this password, which may be another than the tablet knows. `changed`: their
     * own data opens only with the former one. Where that `mayGo`, the commands are left, for the device opens them too.
     */
    async welcome(name: string, password: string, grant: EdgeGrant, mayGo: boolean): Promise<Entered | 'changed'> {
      const { user_id } = grant
      const known = await store.person(user_id)
      const same = await keyByPassword({ user_id, verifier: known?.verifier }, password)
      const kept = same ?? (await openedKey(user_id)) ?? (await keyByDevice(user_id))
      if (!kept && !mayGo && (await readKeyWrap(user_id, prefix))) return 'changed'
      const key = kept ?? newKeyBytes()
      const livesOn = same !== undefined && known !== undefined && known.expires_at > now()
      const person: Person = { user_id, name, token: '', expires_at: now() + grant.expires_in * 1_000, pin: livesOn ? known.pin : undefined }
      await store.putPerson(await sealed(person, grant.edge_token))
      if (!same) await lockWith(user_id, key, password)
      return enter((await store.person(user_id))!, key)
    },

    /** By the password alone, as the tablet knows it; needs nobody, and no room on the disk. */
    async unlock(name: string, password: string): Promise<Entered | undefined> {
      const known = await find(name)
      const key = known && (await keyByPassword(known, password))
      if (!known || !key) return undefined
      await change(known.user_id, () => NO_TRIES).catch(noRoom)
      return enter(known, key)
    },

    async unlockByPin(user: string, pin: string): Promise<PinAnswer> {
      const person = await store.person(user)
      if (!person?.pin || person.expires_at <= now()) return removed(user)
      const { wrapped } = person.pin
      const answer = await judgeTry((next) => change(user, next), () => unwrapByPin(wrapped, pin, user, device), now)
      if (answer === 'gone') return removed(user)
      return typeof answer === 'string' ? answer : enter(person, answer)
    },

    /** With the password, so that a passer-by at an unlocked tablet cannot set one. */
    async setPin(user: string, password: string, pin: string): Promise<'set' | 'wrong' | PinFault> {
      const fault = pinFaultOf(pin)
      if (fault) return fault
      const person = await store.person(user)
      const key = person && (await keyByPassword(person, password))
      if (!key) return 'wrong'
      const wrapped = await wrapByPin(key, pin, user, device)
      await store.changePerson(user, (person) => ({ ...person, pin: { wrapped, tries: NO_TRIES } }))
      return 'set'
    },

    removePin,
  }

  /** Changes the tries, where there is a PIN. */
  function change(user: string, next: (tries: NonNullable<Person['pin']>['tries']) => NonNullable<Person['pin']>['tries']): Promise<void> {
    return store.changePerson(user, (person) => (person.pin ? { ...person, pin: { ...person.pin, tries: next(person.pin.tries) } } : person))
  }

  function removePin(user: string): Promise<void> {
    return store.changePerson(user, ({ pin: _, ...person }) => person)
  }

  async function removed(user: string): Promise<'gone'> {
    await removePin(user)
    return 'gone'
  }
}

export type People = Awaited<ReturnType<typeof openPeople>>

/** The old record stays as it is, and is read. */
function noRoom(): void {}
