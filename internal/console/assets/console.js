// What makes the console nicer. Nothing here is needed to read a page, to make a
// key or to end one.
'use strict';
(() => {
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
  const units = [['year', 31536000, 63072000], ['month', 2592000, 10368000], ['day', 86400, 172800],
    ['hour', 3600, 3600], ['minute', 60, 60], ['second', 1, 0]];

  // The same words as the server's, for a page that stays open.
  function ago(seconds) {
    if (seconds > -10 && seconds <= 5) return 'just now';
    const size = Math.abs(seconds);
    const [unit, length] = units.find(([, , from]) => size >= from);
    const n = seconds < 0 ? size / length : Math.max(1, size / length + 0.5);
    return relative.format((seconds < 0 ? -1 : 1) * Math.floor(n), unit);
  }

  function times(root) {
    for (const t of root.querySelectorAll('time[datetime]')) {
      const at = new Date(t.dateTime);
      if (t.hasAttribute('data-exact')) t.textContent = exact.format(at);
      if (t.hasAttribute('data-relative')) {
        t.title = exact.format(at);
        t.textContent = ago(Math.round((at - Date.now()) / 1000));
      }
    }
  }

  function say(text) {
    const status = document.getElementById('copied');
    if (status) status.textContent = text;
  }

  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      say('Copied.');
    } catch {
      getSelection().selectAllChildren(source);
      say('The browser did not let it be copied. It is selected: press Ctrl+C.');
    }
  }

  // The page says by itself when the log has moved; htmx asks for what is new. Over
  // HTTP/1.1 a browser has six connections to a server, and a stream keeps one: a tab
  // that nobody sees gives it back.
  let stream;
  let seen = '';
  function unfollow() {
    if (stream) stream.close();
    stream = undefined;
  }
  function follow() {
    const list = document.querySelector('[data-live]');
    const mark = document.getElementById('live');
    if (document.hidden) unfollow();
    if (!list || !mark || stream || document.hidden) return;
    stream = new EventSource(list.dataset.live);
    stream.onopen = () => { mark.hidden = false; mark.textContent = 'Live'; };
    stream.onerror = () => { mark.textContent = 'Not live: reload to see what is new'; };
    stream.onmessage = (m) => {
      if (seen && m.data !== seen) document.getElementById('list').dispatchEvent(new Event('fresh'));
      seen = m.data;
    };
  }

  // A value that was shown once does not come back with the page.
  function forget() {
    for (const e of document.querySelectorAll('[data-once]')) {
      e.textContent = 'The value was shown once, and is gone.';
      e.removeAttribute('data-once');
    }
    for (const e of document.querySelectorAll('input[type=password]')) e.value = '';
    unfollow();
  }

  // What follows # is not sent to any server: an invite's token comes so.
  function fromFragment() {
    const field = document.querySelector('input[data-fragment]');
    if (!field || location.hash.length < 2) return;
    field.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, '', location.pathname);
  }

  for (const b of document.querySelectorAll('[data-copy]')) {
    b.hidden = false;
    b.addEventListener('click', () => copy(b));
  }
  const zone = document.querySelector('.zone');
  if (zone) {
    zone.hidden = false;
    zone.textContent = 'Times are in your zone, ' + Intl.DateTimeFormat().resolvedOptions().timeZone + '.';
  }
  const days = document.getElementById('days');
  for (const preset of document.querySelectorAll('input[name=expiry]')) {
    if (preset.value !== 'days') preset.addEventListener('change', () => { days.value = ''; });
    else days.addEventListener('input', () => { preset.checked = true; });
  }
  const search = document.getElementById('q');
  if (search) search.addEventListener('input', () => { document.getElementById('sort').disabled = search.value.trim() !== ''; });
  const here = document.querySelector('.side nav [aria-current]');
  if (here) here.scrollIntoView({ block: 'nearest', inline: 'center' });
  times(document);
  fromFragment();
  follow();
  setInterval(() => times(document), 30000);
  document.addEventListener('htmx:after:swap', () => {
    times(document);
    const found = document.getElementById('found');
    if (found) found.textContent = document.querySelector('#list [data-status]')?.dataset.status ?? '';
  });
  document.addEventListener('visibilitychange', follow);
  addEventListener('pagehide', forget);
  addEventListener('pageshow', (e) => { if (e.persisted) { times(document); follow(); } });
})();
