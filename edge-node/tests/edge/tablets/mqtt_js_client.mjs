// A tablet on mqtt.js over WebSocket and TLS: prints `TOPIC PAYLOAD` for each message, and publishes each line of its
// standard input. It trusts the authority in that file alone.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import mqtt from 'mqtt'

const [url, authority, version, keepAlive, clientId, username, password, commands, ...topics] = process.argv.slice(2)
const client = mqtt.connect(url, {
  ca: readFileSync(authority), protocolVersion: Number(version), keepalive: Number(keepAlive), clientId, username, password, clean: true,
})
client.on('connect', () => client.subscribe(topics, { qos: 1 }))
client.on('message', (topic, payload) => process.stdout.write(`${topic} ${payload}\n`))
client.on('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
for await (const line of createInterface({ input: process.stdin })) await client.publishAsync(commands, line, { qos: 1 })
