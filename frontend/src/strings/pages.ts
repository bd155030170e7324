import { enPages } from './en-pages'
import { pick } from './pick'

/** The texts of single pages in the viewer's language; what a room loads does without them. */
export const pageTexts: typeof enPages = pick({ en: enPages })
