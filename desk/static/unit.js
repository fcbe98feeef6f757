// The inbox is not renewed while rows are chosen: nobody's choice goes away under their hands.
document.getElementById("inbox")?.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "inbox" && document.querySelector("#rows :checked")) event.preventDefault();
});

// The reply: a template fills both versions; what was written by hand stays unless it is the template before.
const choice = document.getElementById("f-template");
const fields = { toCitizen: document.getElementById("f-to-citizen"), public: document.getElementById("f-public") };
let before = { toCitizen: "", public: "" };
choice?.addEventListener("change", () => {
  const chosen = choice.selectedOptions[0].dataset;
  for (const [name, field] of Object.entries(fields)) {
    if (field.value === before[name]) field.value = chosen[name] ?? "";
  }
  before = { toCitizen: chosen.toCitizen ?? "", public: chosen.public ?? "" };
  fields.toCitizen.focus();
});

// A reply that is not sent yet outlives a session that ends, and a page that is loaded anew: it is kept in this tab, and there only.
const reply = document.querySelector("form[data-kept]");
if (reply) {
  const key = reply.dataset.kept;
  const typed = [...reply.elements].filter((one) => one.name && !["file", "hidden"].includes(one.type));
  const keep = (text) => { try { if (text) sessionStorage.setItem(key, text); else sessionStorage.removeItem(key); } catch { /* nothing is kept */ } };
  const before = (() => { try { return JSON.parse(sessionStorage.getItem(key)) ?? {}; } catch { return {}; } })();
  const found = typed.filter((one) => before[one.name] !== undefined && before[one.name] !== one.value);
  for (const one of found) one.value = before[one.name];
  document.getElementById("kept").hidden = !found.length;
  if (found.length) scrollTo(0, 0);
  document.getElementById("kept-drop").addEventListener("click", () => { keep(""); reply.reset(); document.getElementById("kept").hidden = true; });
  for (const name of ["input", "change"]) reply.addEventListener(name, () => keep(JSON.stringify(Object.fromEntries(typed.map((one) => [one.name, one.value])))));
  reply.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) keep(""); });
}
