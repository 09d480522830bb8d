import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Where `vite` in development sends API calls: a server that runs on this machine (`npm start`), unless told otherwise. */
const api = process.env.SALLYPORT_API ?? 'http://127.0.0.1:7070'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  plugins: [react()],
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    // Everything is a file of its own origin: the server's Content-Security-Policy allows no data: or inline code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // One file on purpose: it is small, and comes from the same machine as the API.
    chunkSizeWarningLimit: 1300,
  },
  server: { host: '127.0.0.1', proxy: { '/api': { target: api, changeOrigin: false } } },
})
