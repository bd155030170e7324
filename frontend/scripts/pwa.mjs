// The app as something to install: its manifest, and a service worker that keeps the built
// files and one page for when there is no network. It keeps nothing of what the server says:
// pages are always asked of the server, so that an old page never meets files that are gone and
// what /i/… shows is the server's own; the API is none of its business.
import { VitePWA } from 'vite-plugin-pwa'

export const pwa = () =>
  VitePWA({
    // The page asks before it changes under somebody's hands (components/UpdateNotice.vue).
    registerType: 'prompt',
    injectRegister: false,
    manifest: {
      id: '/',
      name: 'Parley',
      short_name: 'Parley',
      description: 'Where sponsors and influencers reach a deal, term by term.',
      lang: 'en',
      start_url: '/',
      scope: '/',
      display: 'standalone',
      background_color: '#f7f5f0',
      theme_color: '#3d348b',
      icons: [
        { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
        { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
        { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        { src: '/favicon.svg', sizes: 'any', type: 'image/svg+xml' },
      ],
      shortcuts: [{ name: 'Deals', url: '/deals' }],
    },
    workbox: {
      globPatterns: ['assets/*.{js,css,woff2}', 'offline.{html,css}', 'theme.js', 'favicon*.svg'],
      inlineWorkboxRuntime: true,
      sourcemap: false,
      cleanupOutdatedCaches: true,
      navigateFallback: null,
      runtimeCaching: [
        {
          urlPattern: ({ request, sameOrigin }) => sameOrigin && request.mode === 'navigate',
          handler: 'NetworkOnly',
          options: { precacheFallback: { fallbackURL: '/offline.html' } },
        },
      ],
    },
  })
