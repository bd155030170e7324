import { s } from '@/strings'

/** Times of the viewer: absolute in their zone, countdowns by the server's clock. */

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const timeOnly = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const dayOnly = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
})
const calendarDate = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' })

export const formatDateTime = (iso: string): string => dateTime.format(new Date(iso))
export const formatTime = (iso: string): string => timeOnly.format(new Date(iso))
export const formatDay = (iso: string): string => dayOnly.format(new Date(iso))

const shortDateTime = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

/** The time alone while it is today, else with its day. */
export const formatRecent = (iso: string, now: number): string =>
  dayKey(iso) === dayKey(new Date(now).toISOString()) ? formatTime(iso) : shortDateTime.format(new Date(iso))

/** A calendar date (2027-01-15) is the same day in every zone. */
export function formatDate(date: string): string {
  const parsed = new Date(`${date.slice(0, 10)}T00:00:00Z`)
  return Number.isNaN(parsed.getTime()) ? date : calendarDate.format(parsed)
}

/** Whether a calendar date has ended in UTC, in which the ends of campaigns are counted too. */
export const dayIsOver = (date: string, now: number): boolean => Date.parse(date) + 86_400_000 <= now

/** The last calendar day of what ends at an instant that is no longer in it: a campaign's end. */
export const formatLastDay = (end: string): string => formatDate(new Date(Date.parse(end) - 1).toISOString())

const monthOnly = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric', timeZone: 'UTC' })

/** A calendar month (2027-01) in words. */
export const formatMonth = (month: string): string => monthOnly.format(new Date(`${month}-01T00:00:00Z`))

/** The local calendar day of an instant, for grouping a log by days. */
export function dayKey(iso: string): string {
  const at = new Date(iso)
  return `${at.getFullYear()}-${at.getMonth() + 1}-${at.getDate()}`
}

/** "2 d 4 h", "3 h 20 min", "9 min 05 s", "0 s": the two largest units that matter. */
export function formatLeft(ms: number): string {
  const left = Math.max(0, Math.ceil(ms / 1000))
  const days = Math.floor(left / 86_400)
  const hours = Math.floor((left % 86_400) / 3600)
  const minutes = Math.floor((left % 3600) / 60)
  const seconds = left % 60
  const two = (n: number): string => String(n).padStart(2, '0')
  if (days > 0) return s.left.days(days, hours)
  if (hours > 0) return s.left.hours(hours, two(minutes))
  if (minutes > 0) return s.left.minutes(minutes, two(seconds))
  return s.left.seconds(seconds)
}

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })

const dateOnly = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })

/** "3 min ago", for lists; what is older than a month by its day alone. */
export function formatAgo(iso: string, now: number): string {
  const ms = Date.parse(iso) - now
  const abs = Math.abs(ms)
  if (abs < MINUTE) return relative.format(0, 'minute')
  if (abs < HOUR) return relative.format(Math.round(ms / MINUTE), 'minute')
  if (abs < DAY) return relative.format(Math.round(ms / HOUR), 'hour')
  if (abs < 30 * DAY) return relative.format(Math.round(ms / DAY), 'day')
  return dateOnly.format(new Date(iso))
}
