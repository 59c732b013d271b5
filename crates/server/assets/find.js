// Finds anything while one types: asks the search page for what it found and shows that below
// the field. "/" leads to the field, arrows through what was found, Escape away from it; "?" shows
// all keys, "g" and a letter lead to a page. Without this script Enter opens the page itself.
"use strict";
(() => {
  const types = (element) => element?.matches("input, select, textarea, [contenteditable]");
  const free = (event) => !event.ctrlKey && !event.metaKey && !event.altKey && !types(document.activeElement);
  const AWHILE = 1500; // milliseconds between "g" and its letter
  let going = 0;

  document.addEventListener("keydown", (event) => {
    if (!free(event)) return;
    if (event.key === "?") document.getElementById("keys")?.togglePopover();
    else if (event.key === "g") going = event.timeStamp;
    else if (going && event.timeStamp - going < AWHILE) {
      going = 0;
      document.querySelector(`.nav-link[data-key="${CSS.escape(event.key)}"]`)?.click();
    }
  });

  const form = document.querySelector("[data-find]");
  if (!form) return;
  const input = form.querySelector("input");
  const list = form.querySelector("[data-find-list]");
  const QUIET = 150; // milliseconds without a letter before it is asked
  let timer, asked = 0;

  const hide = () => { list.hidden = true; };

  async function ask() {
    const text = input.value.trim();
    const turn = ++asked;
    if (text.length < 2) return hide();
    try {
      const answer = await fetch(`${form.action}?q=${encodeURIComponent(text)}`, {
        headers: { "X-Scrip-Fragment": "main" }, redirect: "manual", cache: "no-store",
      });
      if (!answer.ok || turn !== asked) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const hits = page.querySelector("[data-hits]") ?? page.querySelector(".empty");
      list.replaceChildren(...(hits ? [...hits.childNodes] : []));
      list.hidden = !hits;
    } catch { hide(); }
  }

  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, QUIET); });
  input.addEventListener("focus", () => { if (list.childNodes.length && input.value.trim().length > 1) list.hidden = false; });

  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { hide(); input.focus(); return; }
    if (list.hidden || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    const stops = [input, ...list.querySelectorAll("a")];
    const step = event.key === "ArrowDown" ? 1 : -1;
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || !free(event)) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) hide(); });
})();
