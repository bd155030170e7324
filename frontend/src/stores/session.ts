import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, ApiError, type Registration, type User } from '@/services/api'
import type { Side } from '@/services/protocol'
import { browserZone } from '@/services/zones'
import { clearUnsent } from './unsent'

/** Who is logged in. The session itself is a cookie that scripts cannot read. */
export const useSession = defineStore('session', () => {
  const user = ref<User | null>(null)
  const known = ref(false)
  /** Set when a session ended under our feet, so the log-in page can say so. */
  const ended = ref(false)
  let loading: Promise<void> | undefined

  const side = computed<Side | undefined>(() => (user.value?.role === 'admin' ? undefined : user.value?.role))

  /** Whether an admin has yet to let us publish, invite, offer and accept. */
  const waits = computed(() => user.value !== null && !user.value.approved)

  /** Asks the server once who we are. A server that cannot be reached leaves it unknown. */
  function load(): Promise<void> {
    loading ??= api
      .session()
      .then((session) => {
        user.value = session.user
        known.value = true
      })
      .finally(() => {
        loading = undefined
      })
    return loading
  }

  async function login(email: string, password: string, code = ''): Promise<void> {
    user.value = (await api.login({ email, password, zone: browserZone(), ...(code && { code }) })).user
    known.value = true
    ended.value = false
  }

  async function register(body: Registration): Promise<void> {
    user.value = (await api.register({ ...body, zone: browserZone() })).user
    known.value = true
    ended.value = false
  }

  async function logout(): Promise<void> {
    await api.logout().catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
    })
    clearUnsent()
    user.value = null
  }

  /** The server said that the session is over. */
  function lost(): void {
    user.value = null
    ended.value = true
  }

  /** Whether the server still knows this session; true as long as nobody says no. */
  async function stands(): Promise<boolean> {
    try {
      return (await api.session()).user !== null
    } catch {
      return true
    }
  }

  return { user, known, ended, side, waits, load, login, register, logout, lost, stands }
})
