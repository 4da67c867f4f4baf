// Keys beyond those that HTML knows. `?` lists them; single letters can be switched off there.

const LETTERS = "rolecall-letters"; // "off" in this browser's storage: single letters do nothing

function dialog(id) {
  const found = document.getElementById(id);
  if (!found || document.querySelector("dialog[open]")) return;
  found.showModal();
  found.querySelector("[data-first]")?.select();
}

function finderOf(element) {
  return element.closest("[data-finds]");
}

// Rows of the page's tables, and the one that has the focus or holds what has it.
function rows() {
  return [...document.querySelectorAll(".tablebox tbody tr")];
}

function here() {
  return document.activeElement.closest(".tablebox tbody tr");
}

function step(by) {
  const all = rows();
  const at = all.indexOf(here());
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!next) return;
  next.tabIndex = -1;
  next.focus();
}

function follow(selector) {
  document.querySelector(selector)?.click();
}

const DEEDS = {
  "?": () => dialog("keys"),
  "/": () => document.querySelector("[data-finder]")?.select(),
  j: () => step(1),
  k: () => step(-1),
  x: () => here()?.querySelector('input[name="row"]')?.click(),
  o: () => here()?.querySelector("[data-peek]")?.click(),
  n: () => follow('.pager [rel="next"]'),
  p: () => follow('.pager [rel="prev"]'),
};

// Places that do not begin like what is typed are hidden; whether one of them is left.
function places(finder) {
  const typed = finder.querySelector("input[type=search]").value.trim().toLowerCase();
  const all = [...finder.querySelectorAll("[data-places] li")];
  for (const one of all) one.hidden = !one.textContent.trim().toLowerCase().startsWith(typed);
  return typed !== "" && all.some((one) => !one.hidden);
}

document.addEventListener("input", (event) => {
  if (finderOf(event.target)) places(finderOf(event.target));
});

// Arrows go through what is there; Enter opens the first, once it belongs to what is typed.
function found(event, finder) {
  const input = finder.querySelector("input[type=search]");
  const links = [...finder.querySelectorAll(".hits li:not([hidden]) a")];
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const stops = [input, ...links];
    const at = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    stops[(at + stops.length) % stops.length].focus();
    event.preventDefault();
  }
  if (event.key !== "Enter" || event.target !== input || !links.length) return;
  const list = finder.querySelector("[data-text]");
  if (places(finder) || list?.dataset.text === input.value) {
    event.preventDefault();
    links[0].click();
  }
}

// Escape closes what is open, one thing after the other; then it leaves the table.
function leave(event) {
  document.querySelector("#found")?.replaceChildren();
  const menu = event.target.closest("details.menu[open]") || document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else {
    here()?.blur();
  }
}

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    dialog("palette");
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector("dialog[open]")) {
    if (finderOf(target)) found(event, finderOf(target));
    return;
  }
  if (key === "Escape") leave(event);
  if (finderOf(target)) found(event, finderOf(target));
  if (key === "Enter" && target.matches(".tablebox tbody tr")) target.querySelector("a")?.click();
  if (target.closest("input:not([type=checkbox], [type=radio]), textarea, select")) return;
  if (Object.hasOwn(DEEDS, key) && localStorage.getItem(LETTERS) !== "off") {
    event.preventDefault();
    DEEDS[key]();
  }
});

// A table that was replaced keeps the focus: on the same thing, or where what is not there was.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "table" && event.target.id !== "table") return;
  if (document.activeElement === document.body) document.getElementById("table")?.focus({ preventScroll: true });
});

// <button data-opens="id"> opens a dialog; a click beside a dialog closes it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-opens]");
  if (button) {
    button.closest("details.menu")?.removeAttribute("open");
    dialog(button.dataset.opens);
  }
  if (event.target.matches("dialog[open]")) event.target.close();
});

const letters = document.querySelector("[data-letters]");
if (letters) letters.checked = localStorage.getItem(LETTERS) !== "off";
letters?.addEventListener("change", () => localStorage.setItem(LETTERS, letters.checked ? "on" : "off"));
