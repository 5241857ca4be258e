// Everything works without this script. It adds two things: buttons that copy a text, and local times.

const said = document.getElementById('said')

for (const button of document.querySelectorAll('button[data-copy]')) {
  if (navigator.clipboard === undefined) break // Browsers have it only over https, or on localhost.
  button.hidden = false
  const label = button.innerHTML
  button.addEventListener('click', async () => {
    const text = document.getElementById(button.dataset.copy)?.textContent ?? ''
    let result = 'Copied'
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      result = 'Not copied'
    }
    button.textContent = result
    if (said !== null) said.textContent = result
    setTimeout(() => {
      button.innerHTML = label
      if (said !== null) said.textContent = ''
    }, 2000)
  })
}

const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

for (const time of document.querySelectorAll('time')) {
  const moment = new Date(time.dateTime)
  if (Number.isNaN(moment.getTime())) continue
  const shown = local.format(moment)
  if ('relative' in time.dataset) {
    time.title = `${shown} (${time.title})`
  } else {
    time.title = time.textContent
    time.textContent = shown
  }
}
