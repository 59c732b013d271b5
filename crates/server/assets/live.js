// Keeps a watched page up to date. Every few seconds, five where the page does not say, it asks for the page's main part and
// changes in place only what differs, so that scroll, focus, opened details and a selection
// stay. Without this script the page is the same, as of when it was loaded.
"use strict";
(() => {
  const main = document.querySelector("main[data-live]");
  if (!main) return;

  const PERIOD = (Number(main.dataset.live) || 5) * 1000;
  const LONGEST = 60000; // between tries while the server does not answer
  let wait = PERIOD;
  let before = "";
  let alarms = main.dataset.openAlarms;

  const later = () => setTimeout(refresh, wait);

  // A reader who marks text or fills in a field is not disturbed.
  const busy = () => {
    const chosen = document.getSelection();
    const marks = chosen && !chosen.isCollapsed && main.contains(chosen.anchorNode);
    const fills = document.activeElement?.matches("input, select, textarea");
    return document.hidden || marks || fills;
  };

  async function refresh() {
    if (busy()) return later();
    try {
      const answer = await fetch(location.href, {
        headers: { "X-Scrip-Fragment": "main" }, redirect: "manual", cache: "no-store",
      });
      // A redirect leads to signing in; a page that is gone says so itself.
      if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.text());
      wait = PERIOD;
      say(`, refreshed every ${PERIOD / 1000} seconds`, "fresh");
    } catch {
      wait = Math.min(wait * 2, LONGEST);
      say(`, not refreshed since: the server does not answer, next try in ${wait / 1000} seconds`, "lost");
    }
    later();
  }

  function show(text) {
    if (text === before) return;
    before = text;
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    if (!fresh) throw new Error("no main part");
    const focused = document.activeElement;
    patch(main, fresh);
    if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
    tell(main.dataset.openAlarms);
  }

  // The count beside "Alarms" stands outside the main part; a change is also said aloud.
  function tell(count) {
    if (count === alarms) return;
    alarms = count;
    for (const badge of document.querySelectorAll("[data-alarm-count]")) {
      badge.firstElementChild.textContent = count;
      badge.hidden = count === "0";
    }
    document.querySelector("[data-live-status]").textContent = `Open alarms: ${count}`;
  }

  function say(words, state) {
    const note = main.querySelector("[data-live-note]");
    if (!note) return;
    note.hidden = false;
    note.textContent = words;
    note.dataset.liveNote = state;
  }

  // What the reader or this script has set is not the server's to change.
  const kept = (node, name) =>
    (name === "open" && node.nodeName === "DETAILS") || node.hasAttribute("data-live-note") ||
    (name === "hidden" && node.hasAttribute("data-copy"));

  function patch(old, fresh) {
    // What says how many rows are chosen is another script's.
    if (old.nodeType === Node.ELEMENT_NODE && old.matches("[data-selection], [data-choose-all]")) return;
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name, value } of fresh.attributes)
      if (!kept(old, name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of [...old.attributes])
      if (!kept(old, name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    if (!old.hasAttribute("data-live-note")) patchChildren(old, fresh);
  }

  // A child with an id is found by it wherever it went; others are met in order.
  function patchChildren(old, fresh) {
    const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
    let at = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      const same = next.id ? known.get(next.id) : at && !at.id && like(at, next) ? at : undefined;
      if (!same) { old.insertBefore(next, at); continue; }
      if (same === at) at = at.nextSibling;
      else old.insertBefore(same, at);
      patch(same, next);
    }
    while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
  }

  const like = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName;

  document.addEventListener("visibilitychange", () => { wait = PERIOD; });
  later();
})();
