import { ref, watchEffect } from 'vue'
import { s } from '@/strings'
import { useInbox } from '@/stores/inbox'

const page = ref(s.app.name)

/** Names the page; the unread count is put before it. */
export function setPageTitle(title: string): void {
  page.value = title
}

/** Keeps the tab's title and icon in step with the page and the unread count. */
export function usePageTitle(): void {
  const inbox = useInbox()
  watchEffect(() => {
    document.title = s.app.title(page.value, inbox.unread)
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
    if (icon) icon.href = inbox.unread > 0 ? '/favicon-unread.svg' : '/favicon.svg'
  })
}
