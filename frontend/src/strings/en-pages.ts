import { adminPages } from './en/admin-pages'
import { figures, statistics, tracking } from './en/insight'
import { jobs } from './en/jobs'
import { landing } from './en/landing'
import { own } from './en/own'
import { reports } from './en/reports'
import { review } from './en/review'
import { search } from './en/search'

/** English texts that only single pages show: they are loaded with the first of those pages. */
export const enPages = {
  adminPages,
  figures,
  jobs,
  landing,
  own,
  reports,
  review,
  search,
  statistics,
  tracking,
}
