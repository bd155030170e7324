// Writes what the server's description says of the fields of every request body as plain data,
// so that forms check by the same rules: src/services/api/generated/rules.gen.ts.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const KEEP = [
  'minLength',
  'maxLength',
  'pattern',
  'minimum',
  'maximum',
  'enum',
  'format',
  'minItems',
  'maxItems',
]

/** The rules of all schemas that a request may hold, by schema and field. */
export function rulesOf(description) {
  const schemas = description.components.schemas
  const rules = {}
  const nameOf = (ref) => ref.slice(ref.lastIndexOf('/') + 1)

  function visit(schema) {
    for (const part of [schema, schema?.items, ...(schema?.oneOf ?? [])]) {
      if (part?.$ref) visitNamed(nameOf(part.$ref))
      else if (part && part !== schema) visit(part)
    }
  }
  function visitNamed(name) {
    if (rules[name]) return
    rules[name] = {}
    const schema = schemas[name]
    for (const [field, property] of Object.entries(schema.properties ?? {})) {
      rules[name][field] = ruleOf(property, schema.required?.includes(field) ?? false)
      visit(property)
    }
    visit(schema)
  }
  function ruleOf(property, required) {
    // What may be null as well has the rules of what it is otherwise.
    const found = property.oneOf?.find((one) => one.type !== 'null') ?? property
    const shape = found.$ref ? { type: nameOf(found.$ref) } : { type: found.type }
    const rule = { ...shape, required }
    for (const key of KEEP) if (found[key] !== undefined) rule[key] = found[key]
    if (found.items) rule.items = ruleOf(found.items, true)
    return rule
  }

  for (const path of Object.values(description.paths)) {
    for (const operation of Object.values(path)) {
      for (const media of Object.values(operation.requestBody?.content ?? {})) visit(media.schema)
    }
  }
  return Object.fromEntries(Object.entries(rules).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The file's text. */
export const rulesFile = (description) =>
  '// This file is generated from the server’s description by scripts/gen-rules.mjs\n\n' +
  Object.entries(rulesOf(description))
    .map(
      ([name, fields]) =>
        `export const ${name[0].toLowerCase()}${name.slice(1)}Rules = ${JSON.stringify(fields)} as const\n`,
    )
    .join('\n')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const source = new URL('../../api/openapi.json', import.meta.url)
  const target = new URL('../src/services/api/generated/rules.gen.ts', import.meta.url)
  writeFileSync(target, rulesFile(JSON.parse(readFileSync(process.env.PARLEY_OPENAPI ?? source, 'utf8'))))
}
