import { en } from './en'
import { pick } from './pick'

/** Every catalogue has exactly the keys and the parameters of the English one. */
export type Strings = typeof en

/**
 * The texts of the viewer's language. A second one is a file beside en.ts, one beside
 * en-pages.ts, and their names here and in pages.ts.
 */
export const s: Strings = pick<Strings>({ en })
