// Remembers which rows of a list are chosen while one turns its pages, says how many, and sends
// all of them. Without this script the rows chosen on the page shown are sent.
"use strict";
(() => {
  const form = document.querySelector("[data-selection]");
  const table = document.querySelector(".list-frame table");
  if (!form || !table) return;
  const key = `chosen ${location.pathname}`;
  const words = form.querySelector("[data-selection-words]");
  const many = words.textContent;
  const all = table.querySelector("[data-choose-all]");
  const chosen = new Set(JSON.parse(sessionStorage.getItem(key) ?? "[]"));
  const boxes = () => [...table.querySelectorAll("tbody input[type=checkbox]")];

  function show() {
    for (const box of boxes()) box.checked = chosen.has(box.value);
    const here = boxes();
    const on = here.filter((box) => box.checked).length;
    all.hidden = here.length === 0;
    all.checked = on > 0 && on === here.length;
    all.indeterminate = on > 0 && on < here.length;
    const elsewhere = chosen.size - on;
    words.textContent = chosen.size === 0 ? many
      : `${chosen.size} chosen${elsewhere ? `, ${elsewhere} of them on other pages` : ""}:`;
    for (const button of form.querySelectorAll("button")) button.disabled = chosen.size === 0;
    sessionStorage.setItem(key, JSON.stringify([...chosen]));
  }

  const choose = (box, on) => { if (on) chosen.add(box.value); else chosen.delete(box.value); };
  table.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes()) choose(box, all.checked);
    else if (event.target.matches("tbody input[type=checkbox]")) choose(event.target, event.target.checked);
    show();
  });
  form.addEventListener("submit", () => {
    const here = new Set(boxes().map((box) => box.value));
    const name = boxes()[0]?.name;
    for (const id of chosen) {
      if (here.has(id) || !name) continue;
      const field = Object.assign(document.createElement("input"), { type: "hidden", name, value: id });
      form.append(field);
    }
    sessionStorage.removeItem(key);
  });
  // Rows that a refresh brings are met as those before.
  new MutationObserver(show).observe(table.tBodies[0], { childList: true });
  show();
})();
