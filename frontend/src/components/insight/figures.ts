import type { RouteLocationRaw } from 'vue-router'

/** A line or a row of bars: one number for each label. */
export interface Series {
  name: string
  values: number[]
  /** The custom property that holds its colour. */
  colour: string
}

/** Where a number of a table leads. */
export type LinkOf = (row: number, series: number) => RouteLocationRaw | undefined

/** Minor units apart from their sum: the last segment is what is left. */
export const share = (part: number, whole: number): number =>
  whole > 0 ? Math.min(100, Math.max(0, (part / whole) * 100)) : 0
