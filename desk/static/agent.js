// The agent desk: sends corrections of single fields, keeps the last line in sight, counts time, opens and closes dialogs.
const csrf = document.body.dataset.csrf;

document.addEventListener("change", async (event) => {
  const field = event.target.closest("[data-field]");
  const form = field?.closest("form");
  if (!field || !form) return;
  const conversation = form.getAttribute("hx-post").split("/")[4];
  const answer = await fetch(`/desk/agent/forms/${conversation}/fields/${field.dataset.field}`, {
    method: "POST",
    headers: { "X-CSRF": csrf, "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ value: field.value }),
  });
  const trigger = answer.headers.get("HX-Trigger");
  if (trigger) document.body.dispatchEvent(new CustomEvent("toast", { detail: JSON.parse(trigger).toast }));
});

// What is being said stays in sight, unless the agent has scrolled back.
document.body.addEventListener("htmx:sseMessage", (event) => {
  if (!["line", "talk", "partly"].includes(event.detail.type)) return;
  const card = document.querySelector(".talk-card");
  if (card && card.scrollHeight - card.scrollTop - card.clientHeight < 160) card.scrollTop = card.scrollHeight;
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
