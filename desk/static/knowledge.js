// Writing an article: the count of what is spoken, and what was typed is kept on this machine until it is saved.
let isSent = false;
const form = document.getElementById("editor");
const read = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
const write = (key, value) => { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* private windows keep nothing */ } };
const drop = (key) => { try { localStorage.removeItem(key); } catch { /* nothing was kept */ } };

for (const field of document.querySelectorAll("[data-counts]")) {
  const place = document.getElementById(field.dataset.counts);
  const count = () => {
    const many = [...field.value.trim()].length;
    place.textContent = many;
    place.classList.toggle("over", many > Number(field.dataset.most));
  };
  field.addEventListener("input", count);
  count();
}

if (form) {
  const key = `article:${form.dataset.draft}`;
  const fields = () => [...form.elements].filter((one) => one.name && one.type !== "file" && !["csrf", "version", "revision", "over", "then"].includes(one.name));
  const state = () => fields().map((one) => (one.type === "checkbox" ? one.checked : one.value));
  const begin = JSON.stringify(state());
  const kept = read(key);
  const offer = document.getElementById("unsaved");
  const isRefused = document.getElementById("refused") !== null;
  if (form.dataset.draft !== "new" && location.pathname.endsWith("/new")) drop("article:new"); // it is a draft by now
  if (isRefused) document.getElementById("refused").focus();
  else if (kept && kept.length === fields().length && JSON.stringify(kept) !== begin) offer.hidden = false;
  document.getElementById("unsaved-take").addEventListener("click", () => {
    fields().forEach((one, at) => { if (one.type === "checkbox") one.checked = kept[at]; else one.value = kept[at]; });
    offer.hidden = true;
    for (const field of document.querySelectorAll("[data-counts]")) field.dispatchEvent(new Event("input", { bubbles: true }));
    document.getElementById("f-title").focus();
  });
  document.getElementById("unsaved-drop").addEventListener("click", () => { drop(key); offer.hidden = true; });
  let timer = 0;
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => write(key, state()), 300); });
  form.addEventListener("submit", (event) => {
    if (isSent) { event.preventDefault(); return; } // pressed twice: saved once
    isSent = true;
    clearTimeout(timer);
    write(key, state());
  });
}

// Saved: what was kept here is of no more use.
const at = new URLSearchParams(location.search);
const article = location.pathname.match(/\/desk\/knowledge\/articles\/([\w-]+)$/);
if (at.has("saved") && article) {
  drop(`article:${article[1]}`);
  drop("article:new");
  history.replaceState(null, "", location.pathname);
}

// A page that comes back from the browser's memory may be sent again.
addEventListener("pageshow", () => { isSent = false; });
