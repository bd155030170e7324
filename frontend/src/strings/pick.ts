/** The catalogue of the first of the viewer's languages that there is one for, else the English one. */
export function pick<T>(catalogues: { en: T } & Record<string, T>): T {
  const wanted = typeof navigator === 'undefined' ? [] : navigator.languages
  for (const language of wanted ?? []) {
    const found = catalogues[language.slice(0, 2).toLowerCase()]
    if (found) return found
  }
  return catalogues.en
}
