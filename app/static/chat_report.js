// The form to report something with: it fills itself while the citizen writes; what they chose themselves stays.
import {facts, filled, here, make, moment, words} from "./chat_parts.js";

const labels = words.report;
const form = document.getElementById("report");
const dialog = form.closest("dialog");
const hints = document.getElementById("hints");
const fields = form.elements;
let draft = "";
let timer = 0;
let touched = new Set();
let position = null;

export function openReport(given = {}) {
  form.reset();
  touched = new Set();
  position = null;
  hints.replaceChildren();
  for (const name of ["kind", "text", "place", "occurred"]) if (given[name]) { fields[name].value = given[name]; touched.add(name); }
  fields.wants_secrecy.checked = Boolean(given.wants_secrecy);
  dialog.showModal();
  fields.text.focus();
}

export function takeGuess(guess) {
  if (guess.id !== draft || !dialog.open) return;
  for (const name of ["kind", "place", "occurred"]) if (!touched.has(name) && guess[name]) fields[name].value = guess[name];
  const children = [];
  if (guess.emergency) children.push(make("p", {className: "alarm", role: "alert", textContent: filled(labels.emergency, {service: guess.emergency})}));
  const rows = facts([[labels.category, guess.category_text], [labels.unit, guess.unit], [labels.due, moment(guess.due_at)]]);
  if (rows.childElementCount) children.push(rows);
  if (guess.answer) {
    children.push(make("details", {className: "card"}, make("summary", {textContent: filled(labels.answer, {title: guess.answer.title})}),
      make("p", {textContent: guess.answer_text})));
  }
  hints.replaceChildren(...children);
}

export function connectReport(line, onSent) {
  form.oninput = (event) => {
    if (event.target !== fields.text) { touched.add(event.target.name); return; }
    clearTimeout(timer);
    timer = setTimeout(() => { draft = crypto.randomUUID(); line.tell({type: "draft", id: draft, text: fields.text.value}); }, 500);
  };
  document.getElementById("locate").onclick = async () => {
    try {
      position = await here();
      touched.add("place");
      if (!fields.place.value) fields.place.placeholder = labels.located;
    } catch { fields.place.placeholder = words.no_place; }
  };
  document.getElementById("cancel").onclick = () => dialog.close();
  form.onsubmit = (event) => {
    event.preventDefault();
    const text = (name) => fields[name].value.trim();
    const body = {
      type: "report", id: crypto.randomUUID(), text: text("text"), kind: fields.kind.value, place: text("place"), occurred: text("occurred"),
      phone: text("phone"), name: text("name"), wants_secrecy: fields.wants_secrecy.checked,
      latitude: position?.latitude ?? null, longitude: position?.longitude ?? null,
    };
    if (onSent(body)) dialog.close();
    else hints.replaceChildren(make("p", {className: "wrong", role: "alert", textContent: words.lost}));
  };
}
