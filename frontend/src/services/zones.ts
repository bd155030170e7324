/** The browser's own time zone, such as Europe/Berlin. */
export const browserZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

/** All zones that the browser knows, with UTC, which some leave out, and those given. */
export function allZones(...more: string[]): string[] {
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : []
  return [...new Set([...known, 'UTC', ...more])].sort()
}
