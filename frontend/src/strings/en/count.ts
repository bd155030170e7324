const plurals = new Intl.PluralRules('en')

/** A number with the right form of its noun: "1 deal", "1,200 deals". */
export const count = (n: number, one: string, other: string): string =>
  `${n.toLocaleString('en')} ${plurals.select(n) === 'one' ? one : other}`
