// A row of a table in short, in a drawer beside it: <a data-peek href="the row's page">.
// Without this file, and in a new tab, the link leads to that page.

const drawer = document.getElementById("drawer");

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-peek]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  let missing = true; // whoever may not see it is told why by the page itself
  const shown = () => { missing = false; };
  drawer.addEventListener("htmx:afterSwap", shown, { once: true });
  await window.htmx.ajax("GET", link.href, { target: "#peeked", swap: "innerHTML" });
  drawer.removeEventListener("htmx:afterSwap", shown);
  if (missing) window.location.assign(link.href);
  else if (!drawer.open) drawer.showModal(); // when it closes, the focus goes back to where it was
});
