import { defineConfig } from '@hey-api/openapi-ts'

// The description is the server's own, which its tests hold to what it does.
export default defineConfig({
  input: process.env.PARLEY_OPENAPI ?? '../api/openapi.json',
  output: { path: 'src/services/api/generated' },
  plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch'],
})
