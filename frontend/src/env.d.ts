/// <reference types="vite/client" />

/** Made by the build (scripts/pwa.mjs). */
declare module 'virtual:pwa-register' {
  export function registerSW(options: {
    onNeedRefresh?: () => void
    onRegisteredSW?: (url: string, registration: ServiceWorkerRegistration | undefined) => void
  }): (reload?: boolean) => Promise<void>
}
