// Notifications on this device: the browser's subscription, and the device in the person's list that stands for it. Nothing
// is kept here: the browser knows its subscription, and Holdfast whose it is.

import type { PushDeviceItem } from '@holdfast/kit/api.gen.ts'
import { deviceLabel } from '@holdfast/kit/deviceLabel.ts'
import { Problem } from './api/problem.ts'
import { endPushDevice, pushDevices, pushState, registerPushDevice } from './api/routes.ts'
import { base64Url, hashOf } from './logic/pushKeys.ts'

/** What notifications are on this device: the browser cannot, was told not to, or they are off or on. */
export type PushHere = 'unsupported' | 'blocked' | 'off' | 'on'

const WORKER_MS_MAX = 10_000
/** A person who signs out does not wait longer for it. */
const LEAVE_MS_MAX = 3_000

export const canPush = () => isSecureContext && 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window

export function pushHere(own: PushDeviceItem | undefined): PushHere {
  if (!canPush()) return 'unsupported'
  if (Notification.permission === 'denied') return 'blocked'
  return own && Notification.permission === 'granted' ? 'on' : 'off'
}

/** The device that stands for this browser. */
export async function findOwnDevice(devices: readonly PushDeviceItem[], publicKey: string): Promise<PushDeviceItem | undefined> {
  const subscription = await readSubscription()
  if (!subscription || !isMadeFor(subscription, publicKey)) return undefined
  const hash = await hashOf(subscription.endpoint)
  return devices.find(device => device.endpoint_hash === hash)
}

/** False where the person does not allow it. */
export async function turnPushOn(publicKey: string): Promise<boolean> {
  if (await Notification.requestPermission() !== 'granted') return false
  const registration = await readyWorker()
  const known = await registration.pushManager.getSubscription()
  // A subscription is good for one key.
  if (known && !isMadeFor(known, publicKey)) await known.unsubscribe()
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey })
  const { endpoint = '', keys = {} } = subscription.toJSON()
  const name = deviceLabel(navigator.userAgent) ?? location.host
  await registerPushDevice({ name, endpoint, p256dh: keys['p256dh'] ?? '', auth: keys['auth'] ?? '' })
  return true
}

/** Ends a device of the person; `isHere` if it stands for this browser. */
export async function endDevice(id: string, isHere: boolean): Promise<void> {
  try {
    await endPushDevice(id)
  } catch (error) {
    // It may have ended by itself.
    if (!(error instanceof Problem) || error.code !== 'not_found') throw error
  }
  if (isHere) await dropSubscription()
}

/** Before a sign-out: what comes for this person is not shown to the next one. */
export async function leavePush(): Promise<void> {
  const left = leaveDevice().catch(() => undefined)
  await Promise.race([left, new Promise(resolve => setTimeout(resolve, LEAVE_MS_MAX))])
}

async function leaveDevice(): Promise<void> {
  const subscription = await readSubscription()
  if (!subscription) return
  const hash = await hashOf(subscription.endpoint)
  // Without its subscription the browser is out of reach, whether Holdfast hears of it or not.
  await subscription.unsubscribe()
  const { items } = await pushDevices()
  const own = items.find(device => device.endpoint_hash === hash)
  if (own) await endPushDevice(own.id)
}

/**
 * After a sign-in: a subscription that another person left here, or that Holdfast ended, is dropped. One that was made for a
 * former key is made anew.
 */
export async function settlePush(): Promise<void> {
  const subscription = await readSubscription()
  if (!subscription) return
  const [{ is_on: isOn, public_key: publicKey }, { items }] = await Promise.all([pushState(), pushDevices()])
  const hash = await hashOf(subscription.endpoint)
  const own = items.find(device => device.endpoint_hash === hash)
  if (!own) {
    await subscription.unsubscribe()
  } else if (isOn && publicKey && !isMadeFor(subscription, publicKey) && Notification.permission === 'granted') {
    await turnPushOn(publicKey)
    await endPushDevice(own.id)
  }
}

async function readSubscription(): Promise<PushSubscription | null> {
  if (!canPush()) return null
  const registration = await navigator.serviceWorker.getRegistration()
  return (await registration?.pushManager.getSubscription()) ?? null
}

async function dropSubscription(): Promise<void> {
  const subscription = await readSubscription()
  await subscription?.unsubscribe()
}

function isMadeFor({ options }: PushSubscription, publicKey: string): boolean {
  const key = options.applicationServerKey
  return key !== null && base64Url(new Uint8Array(key)) === publicKey
}

/** The worker is on its way at a first visit, and never comes where the browser refuses it. */
function readyWorker(): Promise<ServiceWorkerRegistration> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('no service worker')), WORKER_MS_MAX))
  return Promise.race([navigator.serviceWorker.ready, late])
}
