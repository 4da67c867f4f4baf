// A row of a table in short, in a drawer beside it: <a data-peek href="the row's page">.
// Without this file, and in a new tab, the link leads to that page.

const drawer = document.getElementById("drawer");
const SHORT = { "HX-Request": "true", "HX-Target": "peeked" }; // what of the page is wanted

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-peek]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const answer = await fetch(link.href, { headers: SHORT }).catch(() => null);
  if (answer?.ok && !answer.redirected) {
    document.getElementById("peeked").innerHTML = await answer.text();
    if (!drawer.open) drawer.showModal(); // when it closes, the focus goes back to where it was
  } else {
    window.location.assign(link.href); // the page itself says why not
  }
});
