// Runs before the first paint, so a page never flashes in the wrong theme. It is a file of
// its own, not inline, so a strict content security policy can stand.
;(function () {
  var choice = null
  try {
    choice = localStorage.getItem('parley.theme')
  } catch {
    // Storage may be blocked; the system's theme is used then.
  }
  var dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-bs-theme', dark ? 'dark' : 'light')
})()
