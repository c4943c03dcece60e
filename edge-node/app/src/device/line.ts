// One person's connection to the broker in the edge. It sorts the news by kind.
import type { BoardChanges, LogHead, Region, Reply } from '@holdfast/kit/api.gen.ts'
import { mqtt, type MqttLine } from '@holdfast/kit/mqtt.ts'
import { topics } from '@holdfast/kit/wire.gen.ts'

export type LineNews = {
  /** Connected, and every topic heard. */
  up(): void
  down(): void
  /** The broker refused; over HTTP the edge says why. */
  refused(): void
  reply(reply: Reply): void
  head(head: LogHead): void
  changes(changes: BoardChanges): void
}

export type Line = { publish(frame: string): boolean; close(): void }

export function openLine(at: { region: Region; edge: string; device: string; user: string; password: () => Promise<string | undefined> }, news: LineNews): Line {
  const { region, edge, device, user } = at
  const head = topics.head(region, edge)
  const changes = topics.changes(region, edge)
  let isUp = false

  const line: MqttLine = mqtt({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/mqtt`,
    // A second window of the same person has a connection of its own.
    clientId: `${device}.${crypto.randomUUID().slice(0, 8)}`,
    username: device,
    password: at.password,
    topics: [topics.reply(region, edge, device), topics.provider(region, edge, user), head, changes],
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
    if (topic === head) news.head(word as LogHead)
    else if (topic === changes) news.changes(word as BoardChanges)
    else news.reply(word as Reply)
  }

  return {
    publish(frame) {
      if (isUp) line.publish(topics.cmd(region, edge, device), new TextEncoder().encode(frame)).catch(() => undefined)
      return isUp
    },
    close: () => line.close(),
  }
}
