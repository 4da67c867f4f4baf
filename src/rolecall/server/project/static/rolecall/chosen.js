// Rows with a tick: all of a page at once, all that was found, and how many there are.

const ROW = 'input[name="row"][form="bulk"]';

function ticks(filter = "") {
  return [...document.querySelectorAll(ROW + filter)];
}

// All that was found have a tick as long as nobody takes one away.
function chose(event) {
  const bar = document.getElementById("bulk");
  const told = bar?.querySelector("[data-chosen]");
  if (!told) return;
  const every = bar.elements.namedItem("all");
  const page = document.querySelector("[data-page]");
  if (event?.target === page || event?.target === every) {
    for (const one of ticks()) one.checked = event.target.checked;
  }
  const [all, chosen] = [ticks().length, ticks(":checked").length];
  if (every && chosen < all) every.checked = false;
  if (page) {
    page.checked = all > 0 && chosen === all;
    page.indeterminate = chosen > 0 && chosen < all;
  }
  if (every?.checked) told.textContent = `All ${bar.dataset.found} chosen`;
  else told.textContent = chosen ? `${chosen} chosen` : "";
}

// A page that looks again by itself waits while somebody is choosing, or reading a row.
document.addEventListener("htmx:beforeRequest", (event) => {
  const polls = event.target.matches?.('[hx-trigger^="every"]');
  const busy = ticks(":checked").length || event.target.querySelector?.(".tablebox :focus, details[open]");
  if (polls && busy) event.preventDefault();
});

document.addEventListener("change", chose);
document.addEventListener("reset", () => setTimeout(chose));
document.addEventListener("htmx:afterSettle", () => chose());
window.addEventListener("pageshow", () => chose());
