// Reads the description of every route (OpenAPI 3.1) for its page.

export interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  enum?: string[]
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  oneOf?: Schema[]
  anyOf?: Schema[]
  allOf?: Schema[]
  examples?: unknown[]
  default?: unknown
}
interface Body { content?: Record<string, { schema?: Schema }> }
interface Answer extends Body { description: string; 'x-codes'?: string[] }
interface Operation {
  operationId: string
  tags: string[]
  summary: string
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Schema }[]
  requestBody?: Body & { required?: boolean }
  responses: Record<string, Answer>
  security?: Record<string, unknown>[]
  'x-roles'?: string[]
  servers?: { url: string }[]
}
export interface Reference {
  info: { description: string }
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

export interface Route {
  id: string
  method: string
  path: string
  tag: string
  about: string
  roles: string[]
  /** It takes a token. */
  guarded: boolean
  operation: Operation
}

/** One line about a value: a field of a body, or a parameter. */
export interface Line { id: string; name: string; kind: string; optional: boolean; about: string }

export function routesOf(reference: Reference): Route[] {
  return Object.entries(reference.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({
    id: operation.operationId, method: method.toUpperCase(), path, tag: operation.tags[0] ?? '', about: operation.summary,
    roles: operation['x-roles'] ?? [], guarded: (operation.security ?? []).length > 0, operation,
  })))
}

/** The routes that have every word of the search somewhere in their line or among their codes. */
export function found(routes: readonly Route[], search: string): Route[] {
  const words = search.toLowerCase().split(/\s+/).filter(word => word !== '')
  return routes.filter(route => {
    const codes = Object.values(route.operation.responses).flatMap(answer => answer['x-codes'] ?? [])
    const text = [route.method, route.path, route.about, route.tag, ...route.roles, ...codes].join(' ').toLowerCase()
    return words.every(word => text.includes(word))
  })
}

export function parametersOf(reference: Reference, route: Route): Line[] {
  return (route.operation.parameters ?? []).map(({ name, in: place, required, description, schema }) => ({
    id: `${place}.${name}`, name: `${name} (${place})`, kind: kindOf(reference, schema), optional: required !== true, about: description ?? named(reference, schema).description ?? '',
  }))
}

export function bodyOf(body: Body | undefined): Schema | undefined {
  return body?.content?.['application/json']?.schema
}

/** The answers that are no refusals. */
export function answersOf(route: Route): { status: string; about: string; schema: Schema | undefined }[] {
  const fine = Object.entries(route.operation.responses).filter(([status]) => Number(status) < 400)
  return fine.map(([status, answer]) => ({ status, about: answer.description, schema: bodyOf(answer) }))
}

/** The refusals by code, with the sentence of each. */
export function refusalsOf(route: Route): { id: string; status: string; about: string }[] {
  return Object.entries(route.operation.responses).filter(([status]) => Number(status) >= 400).flatMap(([status, { description, 'x-codes': codes = [] }]) => {
    const sentences = description.split('\n')
    return codes.map((code, n) => ({ id: code, status, about: sentences[n]?.replace(`\`${code}\`: `, '') ?? '' }))
  })
}

/** Every field within, down to three levels: what lies deeper is the same order or op again. */
export function fieldsOf(reference: Reference, schema: Schema, above = '', depth = 0): Line[] {
  if (depth > 3) return []
  const own = named(reference, schema)
  if (own.items) return fieldsOf(reference, own.items, `${above}[]`, depth)
  const alternatives = formsOf(own).filter(one => one.type !== 'null')
  const lines = [...(own.allOf ?? []), ...alternatives].flatMap(part => fieldsOf(reference, part, above, depth))
  for (const [name, field] of Object.entries(own.properties ?? {})) {
    const path = above ? `${above}.${name}` : name
    const about = field.description ?? named(reference, field).description ?? ''
    lines.push({ id: path, name: path, kind: kindOf(reference, field), optional: own.required?.includes(name) !== true, about })
    lines.push(...fieldsOf(reference, field, path, depth + 1))
  }
  return lines.filter((line, n) => lines.findIndex(({ id }) => id === line.id) === n)
}

export function kindOf(reference: Reference, schema: Schema): string {
  const own = named(reference, schema)
  if (own.enum) return own.enum.length > 8 ? `${own.enum.slice(0, 4).join(' | ')} | …` : own.enum.join(' | ')
  if (own.items) return `${kindOf(reference, own.items)}[]`
  const forms = formsOf(own)
  if (forms.length > 0) return [...new Set(forms.map(one => kindOf(reference, one)))].join(' | ')
  const kinds = [own.type ?? 'object'].flat()
  const [kind = 'object', ...more] = kinds
  return [own.format && kind === 'string' ? own.format : kind, ...more].join(' | ')
}

/** A body as it might be: examples where the document has them, the required fields alone. */
export function sampleOf(reference: Reference, schema: Schema, depth = 0): unknown {
  const own = named(reference, schema)
  const example = own.examples?.[0] ?? own.default ?? own.enum?.[0]
  if (example !== undefined) return example
  const [form] = formsOf(own)
  if (form) return sampleOf(reference, form, depth)
  if (own.items) return depth > 3 ? [] : [sampleOf(reference, own.items, depth + 1)]
  if (own.properties || own.allOf) {
    const parts = (own.allOf ?? []).map(part => sampleOf(reference, part, depth) as object)
    const fields = Object.entries(own.properties ?? {}).filter(([name]) => own.required?.includes(name))
    return Object.assign({}, ...parts, Object.fromEntries(fields.map(([name, field]) => [name, depth > 3 ? {} : sampleOf(reference, field, depth + 1)])))
  }
  const kind = [own.type].flat()[0]
  if (own.format === 'uuid') return '0193a1c2-0000-7000-8000-000000000001'
  return { string: 'text', integer: 1, number: 1, boolean: true, null: null }[kind ?? ''] ?? {}
}

/** The route as a command for a shell. */
export function curlOf(reference: Reference, route: Route, origin: string): string {
  const { operation } = route
  const server = operation.servers ? 'http://EDGE' : origin
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = operation.parameters?.find(one => one.in === 'path' && one.name === name)
    return encodeURIComponent(String(parameter ? sampleOf(reference, parameter.schema) : name))
  })
  const body = bodyOf(operation.requestBody)
  return [
    `curl -X ${route.method} '${server}${path}'`,
    ...(route.guarded ? ["-H \"Authorization: Bearer $TOKEN\""] : []),
    ...(body ? ["-H 'Content-Type: application/json'", `-d '${JSON.stringify(sampleOf(reference, body))}'`] : []),
  ].join(' \\\n  ')
}

/** The forms of a value; one without a tag may have several at once. */
const formsOf = (schema: Schema): Schema[] => schema.anyOf ?? schema.oneOf ?? []

function named(reference: Reference, schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1)
  return name ? (reference.components.schemas[name] ?? {}) : schema
}
