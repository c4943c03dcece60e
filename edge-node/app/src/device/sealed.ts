// The records of one person as the disk has them: whole under the person's own key, and under the device's key as much as
// must leave while the person is away.
//
// Must stay true: a command opens with either key, so that the loss of one loses no command.
import { type Owner, importKey, newKeyBytes, seal, type Sealed, sealValue, unseal, unsealValue } from './keys.ts'
import type { QueueItem, TabletCommand } from './item.ts'
import type { Photo } from './photo.ts'

export type Keys = {
  device: CryptoKey
  /** The person's; absent while the tablet is locked. */
  own?: CryptoKey
}

/** `content` is a photo's, under a key of its own, which `own` and `out` hold: a photo is encrypted once. */
export type SealedRecord = { id: string; own?: Sealed; out?: Sealed; content?: Sealed }

/** `isNews`: it was heard while the person was away, and `own` does not have it. */
type Out<T> = { value: T; isNews: boolean }
type PhotoCard = Omit<Photo, 'content'> & { contentKey: number[] }
/** `isMended`: both parts are on disk as they would be written now. */
type Opened<T> = { value: T; isMended: boolean }

export function sealerFor(person: string, { device, own }: Keys) {
  /** Of the photos whose content is on disk. */
  const contentKeys = new Map<string, number[]>()
  const owner = (kind: string, id: string): Owner => ({ person, kind, id })

  async function sealBoth(kind: string, id: string, whole: unknown, sendable: unknown): Promise<SealedRecord> {
    const out: Out<unknown> = { value: sendable, isNews: own === undefined }
    return {
      id,
      out: await sealValue(device, owner(`${kind} out`, id), out),
      ...(own ? { own: await sealValue(own, owner(kind, id), whole) } : {}),
    }
  }

  async function unsealBoth<T extends object>(kind: string, { id, ...record }: SealedRecord): Promise<{ whole?: T; out?: Out<T> }> {
    const whole = own && record.own ? await unsealValue<T>(own, owner(kind, id), record.own) : undefined
    const out = record.out ? await unsealValue<Out<T>>(device, owner(`${kind} out`, id), record.out) : undefined
    return { whole, out }
  }

  return {
    sealItem(item: QueueItem): Promise<SealedRecord> {
      // While the person is away the whole answer waits for them under the device's key.
      const sendable = own && !isUnderWay(item) ? outline(item) : withoutWords(item)
      return sealBoth('item', item.id, item, sendable)
    },

    /** Nothing where no key opens it: it stays on disk. An item of an older version lies there as it is. */
    async openItem(record: SealedRecord | QueueItem): Promise<Opened<QueueItem> | undefined> {
      if ('body' in record) return { value: record, isMended: false }
      const { whole, out } = await unsealBoth<QueueItem>('item', record)
      if (whole && !out?.isNews) return { value: whole, isMended: out !== undefined }
      if (whole && out) return { value: { ...out.value, job: whole.job }, isMended: false }
      return out && { value: out.value, isMended: false }
    },

    async sealPhoto(photo: Photo): Promise<SealedRecord> {
      const { content, ...rest } = photo
      const isOnDisk = contentKeys.has(photo.id)
      const contentKey = contentKeys.get(photo.id) ?? [...newKeyBytes()]
      const card: PhotoCard = { ...rest, contentKey }
      const record = await sealBoth('photo', photo.id, card, card)
      // No tap has bound it yet, so it cannot leave, and only its person opens it.
      if (own && photo.command === undefined) record.out = undefined
      if (content.byteLength === 0) return { ...record, content: undefined }
      if (isOnDisk) return record
      const key = await importKey(Uint8Array.from(contentKey))
      contentKeys.set(photo.id, contentKey)
      return { ...record, content: await seal(key, owner('content', photo.id), content) }
    },

    /** Their record may not have reached the disk: their content is encrypted anew with the next one. */
    unwritten(ids: readonly string[]): void {
      for (const id of ids) contentKeys.delete(id)
    },

    async openPhoto(record: SealedRecord | Photo): Promise<Opened<Photo> | undefined> {
      if ('hash' in record) return { value: record, isMended: false }
      const { whole, out } = await unsealBoth<PhotoCard>('photo', record)
      const card = out?.isNews ? out.value : whole ?? out?.value
      if (!card) return undefined
      const { contentKey, ...photo } = card
      const isMended = whole !== undefined && !out?.isNews && (out !== undefined || photo.command === undefined)
      if (!record.content) return { value: { ...photo, content: new ArrayBuffer(0) }, isMended }
      const content = await unseal(await importKey(Uint8Array.from(contentKey)), owner('content', record.id), record.content)
      if (!content) return undefined
      contentKeys.set(record.id, contentKey)
      return { value: { ...photo, content: content.buffer }, isMended }
    },

    sealFact: (key: CryptoKey, name: string, value: unknown) => sealValue(key, owner('fact', name), value),
    /** A fact of an older version lies there as it is. */
    async openFact<T>(key: CryptoKey, name: string, kept: unknown): Promise<T | undefined> {
      return kept instanceof Uint8Array ? unsealValue<T>(key, owner('fact', name), kept as Sealed) : (kept as T | undefined)
    },
  }
}

const isUnderWay = ({ state }: QueueItem) => state === 'waiting' || state === 'stored'

/** What a frame is made of. The job's title stays away, and so do orders in answers, for they have addresses. */
function withoutWords({ job, reply, ...item }: QueueItem): QueueItem {
  const bare = reply && { ...reply, order: undefined, outcome: reply.outcome && { ...reply.outcome, order: undefined } }
  return { ...item, job: { ...job, title: '' }, reply: bare }
}

/** Of a command that is over: enough to know whether its photos leave, and when it may go. */
function outline({ body, reply, trouble: _, ...item }: QueueItem): QueueItem {
  const outcome = reply?.outcome && { kind: reply.outcome.kind, first: reply.outcome.first, decided_at: reply.outcome.decided_at }
  const bare = reply && { command_id: reply.command_id, hop: reply.hop, verdict: reply.verdict, code: reply.code, outcome }
  return { ...item, job: { ...item.job, title: '' }, body: { type: body.type, order_id: body.order_id } as TabletCommand, reply: bare }
}
