import { en } from './en'

/** Every catalogue has exactly the keys and the parameters of the English one. */
export type Strings = typeof en

const catalogues: Record<string, Strings> = { en }

function pick(): Strings {
  const wanted = typeof navigator === 'undefined' ? [] : navigator.languages
  for (const language of wanted ?? []) {
    const found = catalogues[language.slice(0, 2).toLowerCase()]
    if (found) return found
  }
  return en
}

/** The texts of the viewer's language. A second one is a file beside en.ts and a line above. */
export const s: Strings = pick()
