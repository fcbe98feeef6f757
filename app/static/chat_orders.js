// The citizen's own orders (docs/self-service.md): prove a telephone, look, act. What was proved lives in this page only.
import {button, facts, filled, make, moment, words} from "./chat_parts.js";

const labels = words.own;
const body = document.getElementById("own");
const dialog = body.closest("dialog");
let token = null;
let ofHost = async () => null;
let wanted = {};  // the order to show first, and what is to be done with it
let chat = null;  // where steps are shown first, while it is open

async function ask(path, sent, method = sent ? "POST" : "GET") {
  const bearer = token ?? (await ofHost());
  const headers = {...(bearer ? {authorization: "Bearer " + bearer} : {}), ...(sent ? {"content-type": "application/json"} : {})};
  try {
    const answer = await fetch("/api/citizen/v1/" + path, {method, headers, body: sent ? JSON.stringify(sent) : undefined});
    return {isGood: answer.ok, status: answer.status, found: await answer.json()};
  } catch { return {isGood: false, status: 0, found: {text: words.lost}}; }
}

function field(label, settings, tag = "input") {
  const input = make(tag, settings);
  return [make("label", {}, label, input), input];
}

function say(text, isWrong = true) {
  const line = body.querySelector("[role=status]");
  line.className = isWrong ? "wrong" : "";
  line.textContent = text;
}

function draw(...children) {
  body.replaceChildren(...children, make("p", {role: "status"}));
}

function prove(number = "") {
  const [numberLabel, numberInput] = field(labels.number, {inputMode: "numeric", value: number, required: true, pattern: "[0-9]{11,12}", autocomplete: "off"});
  const [codeLabel, codeInput] = field(labels.code, {inputMode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]{4,10}"});
  const sent = async () => {
    const {isGood, found} = await ask("codes", {number: numberInput.value.trim()});
    say(isGood ? filled(labels.code_sent, found) : found.text, !isGood);
    if (isGood) codeInput.focus();
  };
  const checked = async () => {
    const {isGood, found} = await ask("proofs", {number: numberInput.value.trim(), code: codeInput.value.trim()});
    if (!isGood) { say(found.text); return; }
    token = found.token;
    list();
  };
  const progress = async () => {
    const {isGood, found} = await ask("news/" + encodeURIComponent(numberInput.value.trim()));
    if (!isGood) { say(found.text); return; }
    draw(facts([[labels.number, found.number], [labels.status, found.status_text], [labels.unit, found.unit], [labels.due, moment(found.due_at)]]),
      button(labels.back, () => prove(found.number)));
  };
  const form = make("form", {className: "fields"}, make("p", {textContent: labels.why}), numberLabel, button(labels.send_code, sent),
    button(labels.progress, progress), codeLabel, make("button", {textContent: labels.check}));
  form.onsubmit = (event) => { event.preventDefault(); checked(); };
  draw(form);
  numberInput.focus();
}

async function list() {
  const {isGood, status, found} = await ask("orders");
  if (!isGood) { token = null; prove(); if (status !== 403) say(found.text); return; }
  const first = found.orders.find((order) => order.number === wanted.number), deed = wanted.deed;
  wanted = {};
  if (first) show(first, deed);
  else if (!found.orders.length) draw(make("p", {textContent: labels.none}));
  else draw(...found.orders.map((order) => button(`${order.number} ${order.status_text} ${order.category_text}`, () => show(order), "quiet row")));
}

async function act(order, path, sent, method) {
  const {isGood, found} = await ask(`orders/${order.number}/${path}`, sent, method);
  if (!isGood) { say(found.text); return; }
  show(found);
  say(labels.done, false);
}

const PATHS = {add_facts: "facts", supplement: "supplement", withdraw: "withdrawal", urge: "urging", object: "objection", write: "messages"};

function words_form(order, deed) {
  const [label, text] = field(labels.deeds[deed], {maxLength: 2000, required: deed !== "urge", rows: 3}, "textarea");
  const form = make("form", {className: "fields"}, label, make("button", {textContent: labels.submit}));
  form.onsubmit = (event) => { event.preventDefault(); act(order, PATHS[deed], {text: text.value.trim()}); };
  return form;
}

function rating_form(order) {
  const inputs = {};
  const rows = Object.entries(labels.rating).map(([name, choice]) => {
    const [label, input] = field(choice.label, {required: true}, "select");
    input.append(make("option", {value: "", textContent: labels.choose}), ...Object.entries(choice.of).map(([value, text]) => make("option", {value, textContent: text})));
    inputs[name] = input;
    return label;
  });
  const [label, remark] = field(labels.remark, {maxLength: 2000, rows: 2}, "textarea");
  const form = make("form", {className: "fields"}, ...rows, label, make("button", {textContent: labels.submit}));
  form.onsubmit = (event) => {
    event.preventDefault();
    const given = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]));
    act(order, "rating", {...given, remark: remark.value.trim()});
  };
  return form;
}

function subscription(order) {
  if (!order.may_subscribe && !order.subscription) return null;
  const told = labels.subscribed[order.subscription || "none"];
  const change = order.subscription ? button(labels.unsubscribe, () => act(order, "subscription", undefined, "DELETE"))
    : button(labels.subscribe, () => act(order, "subscription", chat ? {chat} : undefined, "PUT"));
  return make("p", {}, told, " ", change);
}

function show(order, deed = "") {
  const place = make("div");
  const open = (one) => place.replaceChildren(one === "rate" ? rating_form(order) : words_form(order, one));
  const deeds = make("div", {className: "replies"}, ...order.may.map((one) => button(labels.deeds[one], () => open(one))));
  draw(
    facts([[labels.number, order.number], [labels.status, order.status_text], [labels.kind, order.kind_text], [labels.category, order.category_text],
      [labels.text, order.text], [labels.place, order.place], [labels.unit, order.unit], [labels.due, moment(order.due_at)], [labels.reply, order.reply]]),
    deeds, place, subscription(order) ?? "",
    make("ol", {className: "steps"}, ...order.steps.map((step) => make("li", {}, make("strong", {textContent: step.step_text}), " ",
      make("small", {textContent: [moment(step.at), step.unit].filter(Boolean).join(" ")}), step.text ? make("p", {textContent: step.text}) : null))),
    button(labels.all, list));
  if (order.may.includes(deed)) { open(deed); place.scrollIntoView({block: "nearest"}); }
}

export async function openOrders(host, session, number = "", deed = "") {
  ofHost = host;
  wanted = {number, deed};
  chat = session;
  dialog.showModal();
  if (token ?? (await ofHost())) list();
  else prove(number);  // nobody is known yet: nothing to ask for
}
document.getElementById("close").onclick = () => dialog.close();
dialog.onclose = () => { token = null; body.replaceChildren(); };  // by Escape, too: the phone may be borrowed
