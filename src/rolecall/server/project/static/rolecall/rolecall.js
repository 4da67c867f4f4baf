// What HTML cannot do by itself. Every page works without this file.

// A click elsewhere closes menus.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (!event.target.closest("form.search")) document.querySelector("#found")?.replaceChildren();
});

// A button sends the same once, however often it is pressed while the answer is on its way.
const SENT_MS = 5000; // then it may send again: an answer that is a file leaves the page as it is
let sent = new WeakMap();
document.addEventListener("submit", (event) => {
  const [form, button] = [event.target, event.submitter ?? event.target];
  if (event.defaultPrevented || form.method !== "post") return;
  const said = String(new URLSearchParams(new FormData(form, event.submitter)));
  const before = sent.get(button);
  if (before?.said === said && Date.now() - before.at < SENT_MS) event.preventDefault();
  else sent.set(button, { said, at: Date.now() });
});
window.addEventListener("pageshow", () => { sent = new WeakMap(); });

// "Copy" buttons name what they copy: <button data-copy="#id">.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
  button.querySelector("[data-copied]")?.removeAttribute("hidden");
});

// The way back leads to a table as it was left: its search, filters and page, in this tab only.
const LEFT = "rolecall-table:";

function left() {
  const { pathname, search } = window.location;
  if (!document.querySelector(".shell")) sessionStorage.clear(); // nobody is logged in
  if (document.getElementById("table")) sessionStorage.setItem(LEFT + pathname, search);
}

function back() {
  for (const link of document.querySelectorAll(".crumbs a")) {
    if (!link.search) link.search = sessionStorage.getItem(LEFT + link.pathname) ?? "";
  }
}

left();
back();
document.addEventListener("htmx:pushedIntoHistory", left);
document.addEventListener("htmx:historyRestore", left);
document.addEventListener("htmx:afterSettle", back);

// A part of a page that cannot be had is loaded as the page that it is, which says why.
document.addEventListener("htmx:responseError", (event) => {
  const { requestConfig, boosted, pathInfo } = event.detail;
  if (requestConfig.verb === "get" && boosted) window.location.assign(pathInfo.finalRequestPath);
});
