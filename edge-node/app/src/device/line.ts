// One person's connection to the broker in the edge. It sorts the news by kind.
import { mqtt, type MqttLine } from '@holdfast/kit/mqtt.ts'
import type { Region } from '@holdfast/kit/wire.gen.ts'
import type { Changes, Head, Reply } from '../wire.ts'

export type LineNews = {
  /** Connected, and every topic heard. */
  up(): void
  down(): void
  /** The broker refused; over HTTP the edge says why. */
  refused(): void
  reply(reply: Reply): void
  head(head: Head): void
  changes(changes: Changes): void
}

export type Line = { publish(frame: string): boolean; close(): void }

export function openLine(at: { region: Region; edge: string; device: string; user: string; token: string }, news: LineNews): Line {
  const base = `hf/${at.region}/${at.edge}`
  const topics = { reply: `${base}/reply/${at.device}`, own: `${base}/provider/${at.user}`, head: `${base}/head`, changes: `${base}/changes` }
  let isUp = false

  const line: MqttLine = mqtt({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/mqtt`,
    // A second window of the same person has a connection of its own.
    clientId: `${at.device}.${crypto.randomUUID().slice(0, 8)}`,
    username: at.device,
    password: at.token,
    topics: Object.values(topics),
    up: () => { isUp = true; news.up() },
    down: () => { isUp = false; news.down() },
    refused: () => { isUp = false; news.refused() },
    message: (topic, payload) => hear(topic, payload),
  })

  function hear(topic: string, payload: Uint8Array): void {
    let word: unknown
    try {
      word = JSON.parse(new TextDecoder().decode(payload))
    } catch {
      return
    }
    if (topic === topics.head) news.head(word as Head)
    else if (topic === topics.changes) news.changes(word as Changes)
    else news.reply(word as Reply)
  }

  return {
    publish(frame) {
      if (isUp) line.publish(`${base}/cmd/${at.device}`, new TextEncoder().encode(frame)).catch(() => undefined)
      return isUp
    },
    close: () => line.close(),
  }
}
