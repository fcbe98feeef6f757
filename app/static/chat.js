// The chat page: protocol version 2 (docs/protocol-web-chat.md). No library, no outside address.
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
let waiting = [];  // own messages that the hotline has not taken yet, oldest first: {content, row}
let last = Infinity; // number of the newest message when the page connected
let isCaughtUp = false;
let refusal = "";
let moving = 0; // how often it was not known yet where the conversation goes on

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
  state.scrollIntoView({block: "end"});
  return row;
}

function take(message) {
  if (message.number) seen = Math.max(seen, message.number);
  if (message.type === "welcome") {
    waitSeconds = 1; moving = 0;
    if (message.session !== session) { list.replaceChildren(); seen = 0; giveBack(waiting.length); }
    session = message.session;
    last = message.last;
    sessionStorage.setItem("session", session);
    state.textContent = "";
  } else if (message.type === "said") show("hotline", message.text);
  else if (message.type === "echoed") taken(message);
  else if (message.type === "typing") state.textContent = message.is_on ? words.typing : "";
  else if (message.type === "refused") { if (message.code === "moving" && ++moving > 6) session = null; giveBack(1); refusal = state.textContent = message.text; }
  else if (message.type === "replaced") end(words.replaced, false);
  else if (message.type === "ended") end(words.over, true);
  if (!isCaughtUp && !isOver && seen >= last) {
    isCaughtUp = true;
    for (const one of waiting) write(one);  // sent while the line was breaking, and never arrived
  }
}

function taken(message) {
  const index = waiting.findIndex((one) => one.id === message.id);
  if (index >= 0) waiting.splice(index, 1)[0].row.classList.remove("waiting");
  else show("me", message.text);
}

// A message that was not taken goes back to where it was written.
function giveBack(count) {
  const lost = waiting.splice(0, count);
  for (const one of lost) one.row.remove();
  if (!text.value) text.value = lost.map((one) => one.content).join("\n");
}

function end(why, isForgotten) {
  isOver = true;
  if (isForgotten) sessionStorage.removeItem("session");
  state.textContent = why + " ";
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = words.again;
  again.onclick = () => { sessionStorage.removeItem("session"); location.reload(); };
  state.append(again);
  for (const part of form.elements) part.disabled = true;
  again.focus();
}

function connect() {
  socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/chat/ws");
  last = Infinity;
  isCaughtUp = false;
  refusal = "";
  socket.onopen = () => socket.send(JSON.stringify({type: "hello", version: 2, session, seen}));
  socket.onmessage = (event) => take(JSON.parse(event.data));
  socket.onclose = () => {
    if (isOver) return;
    state.textContent = (!isCaughtUp && refusal) || words.lost;
    setTimeout(connect, waitSeconds * 1000);
    waitSeconds = Math.min(waitSeconds * 2, 20);
  };
}

function write(one) {
  socket.send(JSON.stringify({type: "text", id: one.id, text: one.content}));
}

function send(content) {
  if (!content.trim() || !isCaughtUp || socket.readyState !== WebSocket.OPEN) return false;
  const row = show("me", content);
  row.classList.add("waiting");
  const one = {content, row, id: crypto.randomUUID()};
  waiting.push(one);
  write(one);
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
  state.scrollIntoView({block: "end"});
}
larger.onclick = () => enlarge(!document.documentElement.classList.contains("large"));
enlarge(localStorage.getItem("large") === "1");
connect();
text.focus();
