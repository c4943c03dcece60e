// Writes the types of every route, as `cloud/gateway/openapi.json` describes them, for TypeScript: `npm run gen`.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import openapi, { astToString } from 'openapi-typescript'

const DOCUMENT = new URL('../../cloud/gateway/openapi.json', import.meta.url)
export const FILE = fileURLToPath(new URL('src/api.gen.ts', import.meta.url))
const HEAD = '// The routes of gateway and edge, written by protocol/web/api.mjs. Do not edit: `npm run gen`.\n'

export async function typescript() {
  const document = JSON.parse(readFileSync(DOCUMENT, 'utf8'))
  const types = await openapi(document, { rootTypes: true, rootTypesNoSchemaPrefix: true, rootTypesKeepCasing: true, alphabetize: true, defaultNonNullable: false })
  return HEAD + astToString(types)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(FILE, await typescript())
