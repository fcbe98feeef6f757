// The agent desk: sends corrections of single fields, keeps the last line in sight, counts time, opens and closes dialogs.
const csrf = document.body.dataset.csrf;

async function say(field) {
  const form = field.closest("form");
  const conversation = form.getAttribute("hx-post").split("/")[4];
  const answer = await fetch(`/desk/agent/forms/${conversation}/fields/${field.dataset.field}`, {
    method: "POST",
    headers: { "X-CSRF": csrf, "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ value: field.value }),
  });
  if (answer.ok) field.removeAttribute("aria-invalid"); else field.setAttribute("aria-invalid", "true");
  const trigger = answer.headers.get("HX-Trigger");
  if (trigger) document.body.dispatchEvent(new CustomEvent("toast", { detail: JSON.parse(trigger).toast }));
}
document.addEventListener("change", (event) => { if (event.target.matches("#filling [data-field]")) say(event.target); });

// Enter lets one field stand as it is, and goes to the next: a whole form is accepted by its own key only.
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing || !field.matches("#filling :is(input, select)")) return;
  event.preventDefault();
  const isTyped = field.matches("input") && field.value !== field.defaultValue; // leaving it says so
  if (!isTyped && field.value && field.dataset.field !== "phone") say(field);
  const fields = [...document.querySelectorAll("#filling [data-field]")];
  const next = fields[fields.indexOf(field) + 1];
  next.focus(); // the last one is the text
  next.select?.();
});

// What is being said stays in sight, unless the agent has scrolled back.
document.body.addEventListener("htmx:sseMessage", (event) => {
  if (!["line", "talk", "partly"].includes(event.detail.type)) return;
  const card = document.querySelector(".talk-card");
  if (card && card.scrollHeight - card.scrollTop - card.clientHeight < 160) card.scrollTop = card.scrollHeight;
});

// Chats: Enter sends (not while a word is being composed), the citizen sees that somebody writes, what is new stays in sight.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches("textarea[data-enter]")) return;
  event.preventDefault();
  event.target.closest("form").requestSubmit();
});
document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.target.matches("form[data-clears]")) {
    const id = event.target.querySelector('input[name="message"]');
    id.value ||= crypto.randomUUID();
    event.detail.parameters.set?.("message", id.value) ?? (event.detail.parameters.message = id.value);
  }
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.target.matches("form[data-clears]")) {
    event.target.reset();
    event.target.querySelector('input[name="message"]').value = "";
    tellWriting(event.target.querySelector("textarea"), false);
  }
});
let isWriting = false;
let stopped;
function tellWriting(field, isOn) {
  clearTimeout(stopped);
  if (isOn) stopped = setTimeout(() => tellWriting(field, false), 5000);
  if (isOn === isWriting) return;
  isWriting = isOn;
  const chat = field?.closest("[data-chat]")?.dataset.chat;
  if (chat) fetch(`/desk/agent/chats/${chat}/typing`, { method: "POST", headers: { "X-CSRF": csrf, "HX-Request": "true" }, body: new URLSearchParams({ is_on: isOn }) });
}
document.addEventListener("input", (event) => { if (event.target.matches("textarea[data-enter]")) tellWriting(event.target, event.target.value !== ""); });
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reply]");
  const field = document.getElementById("f-reply");
  if (!button || !field) return;
  field.value = field.value ? `${field.value}\n${button.dataset.reply}` : button.dataset.reply;
  field.focus();
});
document.body.addEventListener("htmx:sseMessage", (event) => {
  if (!["chat", "chat-line"].includes(event.detail.type)) return;
  const thread = document.getElementById("thread");
  if (thread && (event.detail.type === "chat" || thread.scrollHeight - thread.scrollTop - thread.clientHeight < 200)) thread.scrollTop = thread.scrollHeight;
});

// A call has come: the title says so when another window is in front.
document.body.addEventListener("htmx:sseMessage", (event) => {
  if (event.detail.type === "pop") {
    window.focus();
    const title = document.title;
    document.title = `☎ 来电 · ${title.replace(/^☎ 来电 · /, "")}`;
    setTimeout(() => { document.title = title.replace(/^☎ 来电 · /, ""); }, 15000);
  }
});

function count() {
  for (const element of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - new Date(element.dataset.since)) / 1000));
    element.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}
setInterval(count, 1000);
document.body.addEventListener("htmx:sseMessage", count);
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "takeover-body") return;
  count();
  event.target.querySelector("[autofocus]")?.focus();
});

// A dialog whose step was taken closes; the wrap-up shows what belongs to the chosen end.
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.target.matches("form[data-closes]")) event.target.closest("dialog").close();
});
function choose() {
  const chosen = document.querySelector('#finish-body input[name="end"]:checked')?.value;
  for (const part of document.querySelectorAll("#finish-body [data-for]")) {
    part.hidden = part.dataset.for !== chosen;
    part.disabled = part.hidden;
  }
}
document.addEventListener("change", (event) => { if (event.target.name === "end") choose(); });
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "finish-body") { choose(); event.target.querySelector("[autofocus], input:checked")?.focus(); }
});
