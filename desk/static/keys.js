// The keyboard. Whatever carries data-key="g o" is clicked (or focused, if it is a field) when those keys are pressed in turn;
// "?" lists them. Rows of a table with data-rows are walked with j and k, opened with Enter, selected with x.
// Keys of one letter can be switched off (WCAG 2.1.4).
import { openDialog } from "./dialogs.js";

const WAIT = 900;
let typed = [];
let timer = 0;

const isOff = () => { try { return localStorage.getItem("keys") === "off"; } catch { return false; } };
const isTyping = (element) => element.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const visible = (element) => element.getClientRects().length > 0;

function bindings() {
  const scope = document.querySelector("dialog[open]") ?? document;
  return [...scope.querySelectorAll("[data-key]")].filter((one) => visible(one) || one.closest("#side") || one.matches("[data-key-hidden]"));
}

function act(element) {
  if (element.disabled) return;
  if (element.matches("input:not([type=checkbox], [type=submit]), textarea, select")) { element.focus(); element.select?.(); } else element.click();
}

function rows() { return [...document.querySelectorAll("[data-rows] > tr, [data-rows] > li")].filter(visible); }

function walk(step) {
  const all = rows();
  if (!all.length) return false;
  const now = all.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const next = all[Math.min(all.length - 1, Math.max(0, now + (now < 0 && step < 0 ? all.length : step)))];
  for (const row of all) row.removeAttribute("aria-selected");
  next.setAttribute("aria-selected", "true");
  (next.querySelector("a") ?? next.querySelector("button, input") ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

const chosen = () => rows().find((row) => row.getAttribute("aria-selected") === "true");
const own = {
  j: () => walk(1),
  k: () => walk(-1),
  x: () => { const box = chosen()?.querySelector("input[type=checkbox]"); box?.click(); return Boolean(box); },
  "?": () => { openDialog("keys"); return true; },
};

function list() {
  const place = document.getElementById("keys-list");
  if (!place) return;
  const found = new Map();
  for (const one of bindings()) found.set(one.dataset.key, one.dataset.keyLabel ?? one.getAttribute("aria-label") ?? one.textContent.trim().replace(/\s+/g, " "));
  place.replaceChildren(...[...found, ["j / k", "下一行 / 上一行"], ["x", "选中这一行"], ["?", "显示快捷键"]].flatMap(([keys, label]) => {
    const dt = document.createElement("dt");
    dt.append(...keys.split(" ").filter((each) => each !== "/" || keys === "/").flatMap((each, index) => {
      const key = document.createElement("kbd"); key.textContent = each; return index ? [" ", key] : [key];
    }));
    const dd = document.createElement("dd"); dd.textContent = label;
    return [dt, dd];
  }));
}

document.addEventListener("opening", (event) => { if (event.target.id === "keys") list(); });

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.target.closest("form")?.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.key.length > 2 && !/^F\d/.test(event.key)) return;
  const isFunction = /^F\d/.test(event.key);
  if (!isFunction && (isTyping(event.target) || isOff())) return;
  typed.push(event.key);
  clearTimeout(timer);
  timer = setTimeout(() => { typed = []; }, WAIT);
  const keys = typed.join(" ");
  const all = bindings();
  const hit = all.find((one) => one.dataset.key === keys) ?? all.find((one) => one.dataset.key === event.key);
  if (hit) { event.preventDefault(); typed = []; act(hit); return; }
  if (all.some((one) => one.dataset.key.startsWith(`${keys} `))) { event.preventDefault(); return; }
  typed = all.some((one) => one.dataset.key.startsWith(`${event.key} `)) ? [event.key] : [];
  if (!document.querySelector("dialog[open]") && own[event.key]?.()) event.preventDefault();
});

document.getElementById("keys-off")?.addEventListener("change", (event) => {
  try { localStorage.setItem("keys", event.target.checked ? "off" : "on"); } catch { /* not kept */ }
});
const box = document.getElementById("keys-off");
if (box) box.checked = isOff();
