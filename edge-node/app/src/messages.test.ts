// The description of a tablet's messages is valid AsyncAPI 3, and its examples are of their types.
import schema from '@asyncapi/specs/schemas/3.0.0-without-$id.json'
import Ajv from 'ajv'
import { expect, test } from 'vitest'
import described from '../../asyncapi.json'

const validator = new Ajv({ allErrors: true, unknownFormats: ['int32', 'int64'] })
const isAsyncApi = validator.compile(schema)
const faults = (document: unknown) => (isAsyncApi(document) ? [] : (isAsyncApi.errors ?? []).map((error) => `${error.dataPath} ${error.message}`))

test('the description is valid AsyncAPI 3', () => {
  expect(faults(described)).toEqual([])
})

test('the schema of AsyncAPI finds faults', () => {
  const { command } = described.channels
  const withoutMessage = { ...described, channels: { ...described.channels, command: { ...command, messages: 1 } } }
  expect(faults(withoutMessage)).not.toEqual([])
  expect(faults({ ...described, info: {} })).not.toEqual([])
  const sendCommand = { ...described.operations.sendCommand, action: 'shout' }
  expect(faults({ ...described, operations: { sendCommand } })).not.toEqual([])
})

test('every example is of its message\'s type', () => {
  const { components } = described
  for (const [name, message] of Object.entries(components.messages)) {
    const matches = new Ajv({ unknownFormats: ['int32', 'int64'] }).compile({ ...message.payload, components })
    expect(message.examples.length, name).toBeGreaterThan(0)
    for (const example of message.examples) {
      expect(matches(example.payload), `${name} ${example.name}: ${JSON.stringify(matches.errors)}`).toBe(true)
    }
    expect(matches({}), `${name} without fields`).toBe(false)
  }
})
