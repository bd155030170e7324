import type { PluginOption } from 'vite'

export declare const pwa: () => PluginOption
