// The chat page: protocol version 1 (docs/protocol-web-chat.md). No library, no outside address.
"use strict";
const words = JSON.parse(document.getElementById("words").textContent);
const list = document.getElementById("messages");
const state = document.getElementById("state");
const form = document.getElementById("form");
const text = document.getElementById("text");
const larger = document.getElementById("larger");
let session = sessionStorage.getItem("session");
let seen = 0;
let socket = null;
let isOver = false;
let waitSeconds = 1;

function show(who, content) {
  const row = document.createElement("li");
  row.className = who;
  const name = document.createElement("span");
  name.className = "hidden";
  name.textContent = (who === "me" ? words.me : words.hotline) + "：";
  const bubble = document.createElement("p");
  bubble.textContent = content;
  row.append(name, bubble);
  list.append(row);
  row.scrollIntoView({block: "end"});
}

function take(message) {
  if (message.number) seen = Math.max(seen, message.number);
  if (message.type === "welcome") {
    if (message.session !== session) { list.replaceChildren(); seen = 0; }
    session = message.session;
    sessionStorage.setItem("session", session);
    state.textContent = "";
  } else if (message.type === "said") show("hotline", message.text);
  else if (message.type === "echoed") show("me", message.text);
  else if (message.type === "typing") state.textContent = message.is_on ? words.typing : "";
  else if (message.type === "refused") state.textContent = message.text;
  else if (message.type === "ended") end();
}

function end() {
  isOver = true;
  sessionStorage.removeItem("session");
  state.textContent = words.over + " ";
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = words.again;
  again.onclick = () => location.reload();
  state.append(again);
  for (const part of form.elements) part.disabled = true;
  again.focus();
}

function connect() {
  socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/chat/ws");
  socket.onopen = () => {
    waitSeconds = 1;
    const restored = list.childElementCount ? seen : 0;
    socket.send(JSON.stringify({type: "hello", version: 1, session, seen: restored}));
  };
  socket.onmessage = (event) => take(JSON.parse(event.data));
  socket.onclose = () => {
    if (isOver) return;
    state.textContent = words.lost;
    setTimeout(connect, waitSeconds * 1000);
    waitSeconds = Math.min(waitSeconds * 2, 20);
  };
}

function send(content) {
  if (!content.trim() || !socket || socket.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify({type: "text", text: content}));
  show("me", content);
  seen += 1;
  return true;
}

form.onsubmit = (event) => {
  event.preventDefault();
  if (send(text.value)) { text.value = ""; text.style.height = ""; }
  text.focus();
};
text.onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
};
text.oninput = () => { text.style.height = ""; text.style.height = Math.min(text.scrollHeight, 160) + "px"; };
const agent = document.getElementById("agent");
agent.onclick = () => send(agent.dataset.words);
function enlarge(isOn) {
  document.documentElement.classList.toggle("large", isOn);
  larger.setAttribute("aria-pressed", String(isOn));
  larger.textContent = isOn ? larger.dataset.on : larger.dataset.off;
  localStorage.setItem("large", isOn ? "1" : "");
}
larger.onclick = () => enlarge(!document.documentElement.classList.contains("large"));
enlarge(localStorage.getItem("large") === "1");
connect();
text.focus();
