// Small comforts: commands copied by a button, menus that close by themselves. Each page
// works without them: the text can be marked by hand, a menu closed where it was opened.
"use strict";
(() => {
  const texts = (button) => button.querySelector("span");

  if (navigator.clipboard) for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const said = texts(button);
    const label = said.dataset.label ??= said.textContent;
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      said.textContent = "Copied";
    } catch {
      said.textContent = "Mark it by hand";
    }
    setTimeout(() => { said.textContent = label; }, 2000);
  });

  const closeMenus = (but) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== but) menu.open = false;
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.activeElement?.closest("details.menu[open]");
    closeMenus();
    open?.querySelector("summary").focus();
  });
})();
