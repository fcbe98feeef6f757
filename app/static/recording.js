"use strict";
// A line's time makes the recording above it play from there.
for (const audio of document.querySelectorAll("[data-recording]")) {
  const lines = audio.nextElementSibling;
  lines.addEventListener("click", (event) => {
    const button = event.target.closest("[data-at]");
    if (button === null) return;
    const at = Number(button.dataset.at);
    const go = () => {
      audio.currentTime = at;
      audio.play();
    };
    if (audio.readyState > 0) go();
    else {
      audio.addEventListener("loadedmetadata", go, { once: true });
      audio.load();
    }
  });
}
