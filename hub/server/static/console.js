// Small comforts; every page works without them.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button && navigator.clipboard) {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const search = document.querySelector("[data-search]");
  if (event.key === "/" && search && !event.target.closest("input, textarea, select")) {
    event.preventDefault();
    search.focus();
  }
});

// Nothing is swapped under a person's hands: not while the tab is hidden, nor while something on the page is selected.
document.addEventListener("htmx:beforeRequest", (event) => {
  const polled = event.detail.elt.id === "live";
  if (polled && (document.hidden || String(document.getSelection()))) event.preventDefault();
});
