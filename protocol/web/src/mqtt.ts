// A small MQTT 3.1.1 client over WebSocket: QoS 1, subscribes anew at each connection, and connects again by itself.
//
// A PUBACK promises nothing about what was published: a sender who needs an answer waits for it and sends again.
import { connect, disconnect, Parser, pingreq, puback, publish, subscribe, type Heard } from './mqtt/packets.ts'

export type MqttOptions = {
  url: string
  clientId: string
  username: string
  /** Made for each connection if it is a function; nothing where none can be made now. */
  password: string | (() => Promise<string | undefined>)
  topics: readonly string[]
  /** Connected, and every topic is heard. */
  up(): void
  /** The connection ended, or could not be made; another try follows. */
  down(): void
  /** The broker lets this client in no more; by the code of its CONNACK. Another try follows. */
  refused(code: number): void
  message(topic: string, payload: Uint8Array): void
}

export type MqttLine = {
  /** Kept when the broker has acknowledged it; fails where the connection is not up, or ends first. */
  publish(topic: string, payload: Uint8Array): Promise<void>
  close(): void
}

const KEEP_ALIVE_S = 20
/** A broker that owes an answer for so long is gone; shorter than the time between two pings. */
const SILENCE_MS = 8_000
const FIRST_PAUSE_MS = 500
const PAUSE_MS_MAX = 15_000

export function mqtt(options: MqttOptions): MqttLine {
  let socket: WebSocket | undefined
  let parser = new Parser()
  let isUp = false
  let isClosed = false
  let tries = 0
  let lastId = 0
  let again: ReturnType<typeof setTimeout> | undefined
  let ping: ReturnType<typeof setInterval> | undefined
  let silence: ReturnType<typeof setTimeout> | undefined
  const unacknowledged = new Map<number, { kept(): void; failed(error: Error): void }>()

  function open(): void {
    parser = new Parser()
    const opened = new WebSocket(options.url, ['mqtt'])
    socket = opened
    opened.binaryType = 'arraybuffer'
    opened.onopen = () => void greet(opened)
    opened.onmessage = ({ data }) => {
      if (opened === socket) take(new Uint8Array(data as ArrayBuffer))
    }
    opened.onclose = () => {
      if (opened === socket) ended()
    }
    expect()
  }

  async function greet(opened: WebSocket): Promise<void> {
    const password = typeof options.password === 'string' ? options.password : await options.password().catch(() => undefined)
    if (opened !== socket) return
    if (password === undefined) return drop()
    say(connect({ ...options, password, keepAliveS: KEEP_ALIVE_S }))
  }

  function take(bytes: Uint8Array): void {
    try {
      for (const heard of parser.take(bytes)) hear(heard)
    } catch {
      drop()
    }
  }

  function hear(heard: Heard): void {
    clearTimeout(silence)
    switch (heard.kind) {
      case 'connack':
        if (heard.code !== 0) {
          options.refused(heard.code)
          return drop()
        }
        say(subscribe(nextId(), options.topics))
        return expect()
      case 'suback':
        isUp = true
        tries = 0
        ping = setInterval(() => {
          say(pingreq())
          expect()
        }, (KEEP_ALIVE_S * 1_000) / 2)
        return options.up()
      case 'puback':
        unacknowledged.get(heard.id)?.kept()
        unacknowledged.delete(heard.id)
        return
      case 'publish':
        if (heard.id !== undefined) say(puback(heard.id))
        return options.message(heard.topic, heard.payload)
      case 'pingresp':
    }
  }

  function ended(): void {
    const wasUp = isUp
    isUp = false
    socket = undefined
    clearTimeout(silence)
    clearInterval(ping)
    for (const { failed } of unacknowledged.values()) failed(new Error('the connection ended'))
    unacknowledged.clear()
    if (isClosed) return
    const pause = Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** tries)
    tries = wasUp ? 0 : tries + 1
    again = setTimeout(open, pause * (0.75 + Math.random() / 4))
    options.down()
  }

  function drop(): void {
    const dropped = socket
    ended()
    dropped?.close()
  }

  function expect(): void {
    clearTimeout(silence)
    silence = setTimeout(drop, SILENCE_MS)
  }

  function say(bytes: Uint8Array<ArrayBuffer>): void {
    if (socket?.readyState === WebSocket.OPEN) socket.send(bytes)
  }

  function nextId(): number {
    do lastId = (lastId % 0xffff) + 1
    while (unacknowledged.has(lastId))
    return lastId
  }

  open()
  return {
    publish(topic, payload) {
      if (!isUp) return Promise.reject(new Error('not connected'))
      const id = nextId()
      return new Promise((kept, failed) => {
        unacknowledged.set(id, { kept, failed })
        say(publish(id, topic, payload))
      })
    },
    close() {
      isClosed = true
      clearTimeout(again)
      say(disconnect())
      drop()
    },
  }
}
