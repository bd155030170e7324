import { defineConfig } from '@hey-api/openapi-ts'

// The description is the server's own: save GET /api/openapi.json of a running server to
// openapi.json here, then run "npm run gen:api".
export default defineConfig({
  input: process.env.PARLEY_OPENAPI ?? './openapi.json',
  output: { path: 'src/services/api/generated' },
  plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch'],
})
