import { createPinia, setActivePinia } from 'pinia'
import { effectScope } from 'vue'

/** Runs a composable as a component would, and ends it when told. For specs. */
export function withSetup<T>(composable: () => T): { result: T; end: () => void } {
  const scope = effectScope()
  const result = scope.run(composable) as T
  return { result, end: () => scope.stop() }
}

export function freshStores(): void {
  setActivePinia(createPinia())
}
