// The chat page. No library, no outside address.
import {ownRow, saidRow} from "./chat_cards.js";
import {Line} from "./chat_line.js";
import {openOrders} from "./chat_orders.js";
import {button, filled, here, make, words} from "./chat_parts.js";
import {connectReport, openReport, takeGuess} from "./chat_report.js";

const find = (id) => document.getElementById(id);
const list = find("messages"), state = find("state"), typing = find("typing"), asked = find("offer"), form = find("form"), text = find("text"), larger = find("larger"), older = find("older");
let first = 1;  // number of the oldest message that is shown
let isWriting = 0;
let newest = 0, told = 0;  // number of the newest message of a person, or news of an order; what the hotline was told was seen

function look() { if (newest > told && !document.hidden && line.tell({type: "seen", number: newest})) told = newest; }
document.addEventListener("visibilitychange", look);

// --- the app that carries the page gives a token, if there is one (docs/embedding.md) ---
const isCarried = parent !== window;
const token = () => new Promise((given) => {
  if (!isCarried) { given(null); return; }
  const timer = setTimeout(() => given(null), 3000);
  addEventListener("message", function take(event) {
    if (event.source !== parent || event.data?.type !== "hotline-token") return;
    removeEventListener("message", take);
    clearTimeout(timer);
    given(typeof event.data.token === "string" ? event.data.token : null);
  });
  parent.postMessage({type: "hotline-wants-token"}, "*");  // nothing secret; who may carry the page is said by frame-ancestors
});

// Answers that the page itself gives.
const doors = {[words.orders]: () => openOrders(token, line.session), [words.published]: () => open("/public", "_blank", "noopener")};
const acts = {say: (words_) => (doors[words_] ?? send)(words_), correct: (card) => openReport(card), look: (number, deed) => openOrders(token, line.session, number, deed)};

function bottom() { asked.scrollIntoView({block: "end"}); }
list.addEventListener("load", (event) => { if (list.lastElementChild?.contains(event.target) || asked.childElementCount) bottom(); }, true);  // a picture came in

// What is told in between leaves the answers that may be pressed.
function place(row, isBetween = false) {
  if (!isBetween) for (const old of list.querySelectorAll(".replies")) old.remove();
  list.append(row);
  bottom();
  return row;
}

function shown(message) {
  if (message.type === "said") return saidRow(message, acts);
  const row = ownRow(message.text, message.evidence ? `/chat/${line.session}/picture/${message.evidence}` : "");
  row.querySelector("small").textContent = words.delivered;
  return row;
}

const line = new Line({
  begun(isNew, from) {
    if (isNew) { list.replaceChildren(); asked.replaceChildren(); first = from; newest = 0; }
    typing.textContent = "";
    told = 0;  // what was told over a line that broke may not have arrived
    if (!list.childElementCount) first = from;
    older.hidden = first <= 1;
    state.textContent = "";
  },
  message(message, own) {
    if (message.type === "said") {
      place(saidRow(message, acts), message.card?.type === "news");
      if (message.by !== "hotline" || message.card?.type === "news") { newest = Math.max(newest, message.number); look(); }
    } else if (message.type === "echoed") {
      if (!own) { place(shown(message)); return; }
      const row = shown(message);
      if (own.row.isConnected) own.row.replaceWith(row); else place(row);
    } else if (message.type === "earlier") {
      older.hidden = message.is_all;
      if (message.messages.length) first = message.messages[0].number;
      list.prepend(...message.messages.map((one) => { const row = shown(one); row.querySelector(".replies")?.remove(); return row; }));
    } else if (message.type === "typing") state.textContent = message.is_on ? (message.by === "agent" ? words.agent_typing : words.typing) : "";
    else if (message.type === "guessed") takeGuess(message);
    else if (message.type === "standing") stand(message);
  },
  ready: look,
  state(why) { state.textContent = why; },
  lost(ones) {
    for (const one of ones) one.row.remove();
    if (!text.value) text.value = ones.map((one) => one.body.text ?? "").filter(Boolean).join("\n");
  },
  over(why) {
    state.textContent = why + " ";
    typing.textContent = "";
    asked.replaceChildren();
    const again = button(words.again, () => { sessionStorage.removeItem("session"); location.reload(); }, "");
    state.append(again);
    for (const part of form.elements) part.disabled = true;
    again.focus();
  },
}, token);

function stand(message) {
  const whom = find("whom");
  whom.hidden = message.whom === "assistant";
  if (message.whom === "agent") whom.textContent = filled(words.with_agent, {agent: message.agent});
  if (message.whom === "waiting") {
    const minutes = message.wait_seconds ? Math.ceil(message.wait_seconds / 60) : 0;
    whom.textContent = message.position ? filled(minutes ? words.queue_minutes : words.queue, {position: message.position, minutes}) : words.waiting;
  }
}

function own(body, content) {
  const row = ownRow(content, "");
  row.classList.add("waiting");
  row.querySelector("small").textContent = words.sending;
  if (!line.send(body, row)) return false;
  state.textContent = "";
  place(row);
  return true;
}

function send(content) {
  return Boolean(content.trim()) && own({type: "text", text: content}, content);
}

form.onsubmit = (event) => {
  event.preventDefault();
  if (send(text.value)) { text.value = ""; text.style.height = ""; writes(false); }
  text.focus();
};
text.onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
};
text.oninput = () => {
  text.style.height = "";
  text.style.height = Math.min(text.scrollHeight, 160) + "px";
  writes(true);
};
function writes(isOn) {
  clearTimeout(isWriting);
  if (isOn !== Boolean(isWriting)) line.tell({type: "writing", is_on: isOn});
  isWriting = isOn ? setTimeout(() => writes(false), 4000) : 0;
}

find("agent").onclick = () => send(words.agent_words);
find("fill").onclick = () => openReport({text: text.value});
find("orders").onclick = () => openOrders(token, line.session);
older.onclick = () => line.tell({type: "history", before: first});
connectReport(line, (body) => own(body, [body.text, body.place, body.occurred].filter(Boolean).join("\n")));

find("place").onclick = async () => {
  try {
    const at = await here();
    own({type: "location", latitude: at.latitude, longitude: at.longitude}, words.my_place);
  } catch { state.textContent = words.no_place; }
};

async function upload(kind, body) {
  state.textContent = words.uploading;
  try {
    const answer = await fetch(`/chat/${line.session}/${kind}`, {method: "POST", body});
    const found = await answer.json();
    state.textContent = answer.ok ? "" : found.text;
    return answer.ok ? found : null;
  } catch { state.textContent = words.lost; return null; }
}

find("file").onchange = async (event) => {
  const chosen = [...event.target.files];
  event.target.value = "";
  for (const file of chosen) {
    const found = await upload("picture", file);
    if (!found) return;
    own({type: "picture", evidence: found.evidence}, words.picture_alt);
    if (found.place?.datum === "wgs84") offer(found.place);
  }
};
find("picture").onclick = () => find("file").click();

// It stays until it is answered, whatever the hotline says meanwhile.
function offer(at) {
  const answered = () => { asked.replaceChildren(); text.focus(); };
  asked.replaceChildren(make("span", {textContent: words.photo_place}),
    button(words.yes, () => { if (own({type: "location", latitude: at.latitude, longitude: at.longitude}, words.photo_place_sent)) answered(); }),
    button(words.no, answered));
  bottom();
}

// A voice becomes words where the citizen writes; they correct and send them.
let recorder = null;
const voice = find("voice");
voice.hidden = !navigator.mediaDevices || !window.MediaRecorder;
voice.onclick = async () => {
  if (recorder) { recorder.stop(); return; }
  try {
    const sound = await navigator.mediaDevices.getUserMedia({audio: true});
    const parts = [];
    recorder = new MediaRecorder(sound);
    const limit = setTimeout(() => recorder?.stop(), 58000);
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = async () => {
      clearTimeout(limit); // it is this recording's, not the next one's
      const kind = recorder.mimeType;
      recorder = null;
      for (const track of sound.getTracks()) track.stop();
      voice.setAttribute("aria-pressed", "false");
      const found = await upload("voice", new Blob(parts, {type: kind}));
      if (found) { text.value = (text.value + found.text).trim(); text.oninput(); text.focus(); }
    };
    recorder.start();
    voice.setAttribute("aria-pressed", "true");
    state.textContent = words.listening;
  } catch { state.textContent = words.no_voice; }
};

function enlarge(isOn) {
  document.documentElement.classList.toggle("large", isOn);
  larger.setAttribute("aria-pressed", String(isOn));
  larger.textContent = isOn ? words.normal : words.larger;
  localStorage.setItem("large", isOn ? "1" : "");
  bottom();
}
larger.onclick = () => enlarge(!document.documentElement.classList.contains("large"));
enlarge(localStorage.getItem("large") === "1");
line.connect();
text.focus();
