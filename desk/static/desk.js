// What every page of the consoles has: notices, dialogs, theme, the menu on phones, and signs of life.
import "./keys.js";
import { openDialog } from "./dialogs.js";

const toasts = document.getElementById("toasts");

export function toast(text, kind = "done") {
  const box = document.createElement("div");
  box.className = `toast ${kind}`;
  box.textContent = text;
  toasts.append(box);
  setTimeout(() => box.remove(), kind === "refused" ? 9000 : 4500);
}

// What somebody is typing is theirs: a live update changes everything around it.
if (window.Idiomorph) { window.Idiomorph.defaults.ignoreActiveValue = true; window.Idiomorph.defaults.restoreFocus = true; }

document.body.addEventListener("toast", (event) => toast(event.detail.text, event.detail.kind));
document.body.addEventListener("htmx:sendError", () => toast("连接不上服务器，请稍后再试。", "refused"));
document.body.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (!xhr.getResponseHeader("HX-Trigger") && !xhr.getResponseHeader("HX-Redirect")) toast("没有办成，请稍后再试。", "refused");
});

// What was refused is said beside its field; what was typed stays. It goes when the field is changed.
document.body.addEventListener("wrong", (event) => {
  const form = event.target.closest("form");
  let first = null;
  for (const [name, text] of Object.entries(event.detail.fields)) {
    const found = form?.elements[name];
    const field = found instanceof RadioNodeList ? found[0] : found;
    if (!field || field.type === "hidden") continue;
    clear(field);
    const said = document.createElement("p");
    said.className = "wrong";
    said.id = `${field.id}-wrong`;
    said.textContent = text;
    field.closest(".field")?.append(said);
    field.setAttribute("aria-invalid", "true");
    field.dataset.hint ??= field.getAttribute("aria-describedby") ?? "";
    field.setAttribute("aria-describedby", `${field.dataset.hint} ${said.id}`.trim());
    first ??= field;
  }
  first?.focus();
});
function clear(field) {
  document.getElementById(`${field.id}-wrong`)?.remove();
  field.removeAttribute("aria-invalid");
  if (field.dataset.hint) field.setAttribute("aria-describedby", field.dataset.hint); else field.removeAttribute("aria-describedby");
}
document.addEventListener("input", (event) => { if (event.target.id && event.target.ariaInvalid === "true") clear(event.target); });

function keep(name, value) {
  try { localStorage.setItem(name, value); } catch { /* private windows keep nothing */ }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  const root = document.documentElement;
  const deeds = {
    theme() { root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark"; keep("theme", root.dataset.theme); },
    size() { root.dataset.size = root.dataset.size === "large" ? "normal" : "large"; keep("size", root.dataset.size); },
    menu() { const side = document.getElementById("side"); const open = side.toggleAttribute("data-open"); button.setAttribute("aria-expanded", open); if (open) side.querySelector("a").focus(); },
    dialog() { event.preventDefault(); openDialog(button.dataset.dialog); }, // without scripts such a button sends its form, and the page that comes asks
    close() { button.closest("dialog").close(); },
    print() { window.print(); },
  };
  deeds[button.dataset.do]?.();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.getElementById("side")?.removeAttribute("data-open");
});

// A recording is heard from where a line of its transcript was said.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-seek]");
  if (!button) return;
  const audio = document.getElementById(button.dataset.audio);
  audio.currentTime = Number(button.dataset.seek);
  audio.play();
});

// Selecting rows for batch work: the box in the head selects all.
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-select-all]");
  if (all) for (const box of document.querySelectorAll(`input[name="${all.dataset.selectAll}"]`)) box.checked = all.checked;
  if (event.target.matches('input[type="checkbox"]')) {
    const form = event.target.closest("form");
    for (const count of form?.querySelectorAll("[data-selected]") ?? []) count.textContent = form.querySelectorAll('tbody input[type="checkbox"]:checked').length;
  }
});

// Somebody is at the desk: told at most once a minute, and only when they do something.
let last = Date.now();
for (const name of ["pointerdown", "keydown"]) {
  document.addEventListener(name, () => {
    if (Date.now() - last < 60000 || !document.body.dataset.csrf) return;
    last = Date.now();
    fetch("/desk/alive", { method: "POST", headers: { "X-CSRF": document.body.dataset.csrf } }).catch(() => {});
  }, { passive: true });
}

// Who signs out leaves nothing unsent behind for whoever sits down next.
document.addEventListener("submit", (event) => {
  if (new URL(event.target.action).pathname !== "/desk/sign-out") return;
  try { sessionStorage.clear(); } catch { /* nothing was kept */ }
});

// The session has ended elsewhere, or the role was taken back: nothing of the page stays to be read.
document.body.addEventListener("htmx:sseBeforeMessage", (event) => {
  if (event.detail.type === "signed-out") leave();
});
function leave() {
  document.querySelector("main")?.replaceChildren();
  location.assign("/desk/sign-in?back=" + encodeURIComponent(location.pathname + location.search));
}
