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
