// What HTML cannot do by itself. Every page works without this file.

// "/" and Ctrl+K or Cmd+K go to the search; Escape closes an open menu.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  const asked = (event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing);
  if (asked) {
    const finder = document.querySelector("[data-finder]");
    if (finder) {
      event.preventDefault();
      finder.focus();
      finder.select();
    }
  }
  if (event.key === "Escape") {
    document.querySelector("#found")?.replaceChildren();
    const menu = event.target.closest("details.menu[open]") || document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
});

// A click elsewhere closes menus.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (!event.target.closest("form.search")) document.querySelector("#found")?.replaceChildren();
});

// "Copy" buttons name what they copy: <button data-copy="#id">.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
  button.querySelector("[data-copied]")?.removeAttribute("hidden");
});

// A bar below a table says how many of its rows have a tick.
function countChosen() {
  const said = document.querySelector("[data-chosen]");
  if (!said) return;
  const chosen = document.querySelectorAll('input[name="row"][form="bulk"]:checked').length;
  said.textContent = chosen ? `${chosen} chosen` : "";
}
document.addEventListener("change", countChosen);
document.addEventListener("reset", () => setTimeout(countChosen));

// A part of a page that cannot be had is loaded as the page that it is, which says why.
document.addEventListener("htmx:responseError", (event) => {
  const { requestConfig, boosted, pathInfo } = event.detail;
  if (requestConfig.verb === "get" && boosted) window.location.assign(pathInfo.finalRequestPath);
});
