// Sends the photos of a published job or of a message, one after the other. Those that did not leave stay on this device.

import { Problem } from './api/problem.ts'
import type { Leaving } from './api/upload.ts'
import type { WaitingPhoto } from './drafts.ts'

export interface PhotoWorld {
  waiting(userId: string, order: string): Promise<WaitingPhoto[]>
  drop(photo: WaitingPhoto): Promise<void>
  send(order: string, hash: string, photo: Blob, leaving: Leaving): Promise<unknown>
}

/** Answers after which the same photo is never taken. */
const FINAL = new Set(['file_kind_refused', 'file_not_plain', 'picture_unreadable', 'picture_too_large', 'body_too_large', 'photo_damaged', 'photo_not_named', 'order_not_found'])

/** `order` is the place where the photos wait. */
export class WaitingPhotoSender {
  private readonly running = new Map<string, Promise<number>>()
  private readonly world: PhotoWorld

  constructor(world: PhotoWorld) {
    this.world = world
  }

  /** How many have left. Fails with the first error. Two pages that ask at once share one run. */
  send(userId: string, order: string): Promise<number> {
    const key = `${userId} ${order}`
    const run = this.running.get(key) ?? this.sendAll(userId, order).finally(() => this.running.delete(key))
    this.running.set(key, run)
    return run
  }

  private async sendAll(userId: string, order: string): Promise<number> {
    const waiting = await this.world.waiting(userId, order)
    for (const photo of waiting) {
      const leaving = { left: () => undefined, signal: new AbortController().signal }
      try {
        await this.world.send(order, photo.hash, new Blob([photo.content], { type: 'image/jpeg' }), leaving)
      } catch (error) {
        if (error instanceof Problem && FINAL.has(error.code)) await this.world.drop(photo)
        throw error
      }
      await this.world.drop(photo)
    }
    return waiting.length
  }
}
