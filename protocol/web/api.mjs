// Writes the types of every route, as `cloud/gateway/openapi.json` describes them, for TypeScript: `npm run gen`.
// They are erased from the built pages, so only checks and editors need the file.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import openapi, { astToString } from 'openapi-typescript'

const DOCUMENT = new URL('../../cloud/gateway/openapi.json', import.meta.url)
const FOLDER = new URL('dist/', import.meta.url)
const HEAD = '// The routes of gateway and edge, written by protocol/web/api.mjs.\n'

const document = JSON.parse(readFileSync(DOCUMENT, 'utf8'))
const types = await openapi(document, { rootTypes: true, rootTypesNoSchemaPrefix: true, rootTypesKeepCasing: true, alphabetize: true, defaultNonNullable: false })
mkdirSync(FOLDER, { recursive: true })
writeFileSync(new URL('api.gen.ts', FOLDER), HEAD + astToString(types))
