// What is said of a field is said of its input too, for those who hear the page.
const form = document.getElementById("rule");
form?.addEventListener("htmx:afterRequest", () => {
  for (const said of form.querySelectorAll(".said")) {
    const input = form.querySelector(`[aria-describedby="${said.id}"]`);
    if (said.querySelector(".wrong")) input?.setAttribute("aria-invalid", "true");
    else input?.removeAttribute("aria-invalid");
  }
});
