// Sets theme and size before the page is painted. Loaded in the head, without delay.
(() => {
  const root = document.documentElement;
  const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const dark = kept("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.theme = dark;
  root.dataset.size = kept("size") ?? "normal";
})();
