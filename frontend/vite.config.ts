import { fileURLToPath, URL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { pwa } from './scripts/pwa.mjs'

const backend = process.env.PARLEY_BACKEND ?? 'http://127.0.0.1:8080'

const proxy = {
  '/api': backend,
  '/ws': { target: backend, ws: true },
}

export default defineConfig({
  base: '/',
  plugins: [vue(), pwa()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  css: {
    preprocessorOptions: {
      scss: {
        // Bootstrap 5.3 is still written for the older Sass; its warnings are not ours.
        quietDeps: true,
        silenceDeprecations: ['import', 'global-builtin', 'color-functions', 'if-function'],
      },
    },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: true,
    target: 'es2022',
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    // The server's description, which a test compares the rules with, stands beside this folder.
    fs: { allow: ['..'] },
    proxy,
  },
  preview: { proxy },
  test: {
    environment: 'happy-dom',
    environmentOptions: { happyDOM: { url: 'http://localhost/' } },
    include: ['src/**/*.spec.ts'],
    // To make a window and to load the modules anew for each file takes ten times as long as
    // all tests together. So they share them, and their order shows who relies on whom.
    setupFiles: ['src/specs.setup.ts'],
    pool: 'threads',
    isolate: false,
    sequence: { shuffle: true },
    // A limit for what hangs, not a measure: machines are shared.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    unstubGlobals: true,
    env: { TZ: 'UTC' },
  },
})
