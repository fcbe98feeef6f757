// Messages and cards as they are shown. Everything is text: nothing that comes over the line becomes markup.
import {button, facts, filled, make, moment, words} from "./chat_parts.js";

const labels = words.card;

// Only what may be opened: addresses of the web, and paths of the hotline's own site.
function files(rows) {
  const links = rows.filter((one) => /^(https:\/\/|\/[^/])/.test(one.href));
  if (!links.length) return null;
  const link = (one) => make("a", {href: one.href, target: "_blank", rel: "noopener noreferrer", textContent: one.name});
  return make("div", {}, make("strong", {textContent: labels.attachments}), make("ul", {}, ...links.map((one) => make("li", {}, link(one)))));
}

function article(card) {
  const list = (name, rows) => (rows.length ? make("div", {}, make("strong", {textContent: name}), make("ol", {}, ...rows.map((row) => make("li", {textContent: row})))) : null);
  const phone = card.phone ? make("a", {href: "tel:" + card.phone.replace(/[^0-9]/g, ""), textContent: card.phone}) : null;
  // What can be downloaded is not folded away: often it is what was asked for.
  return make("div", {className: "card"},
    make("details", {},
      make("summary", {textContent: card.title}),
      list(labels.steps, card.steps), list(labels.materials, card.materials),
      facts([[labels.place, card.place], [labels.hours, card.hours], [labels.phone, phone], [labels.unit, card.unit], [labels.source, card.source]])),
    files(card.attachments));
}

function form(card, acts) {
  return make("div", {className: "card"},
    facts([[labels.kind, card.kind_text], [labels.category, card.category_text], [labels.text, card.text], [labels.place, card.place],
      [labels.occurred, card.occurred], [labels.contact, card.phone], [labels.secrecy, card.wants_secrecy ? labels.yes : ""]]),
    button(labels.correct, () => acts.correct(card)));
}

function orders(card, acts) {
  return make("div", {className: "card"}, ...card.orders.map((order) => make("div", {className: "order"},
    facts([[labels.number, order.number], [labels.status, order.status_text], [labels.category, order.category_text],
      [labels.unit, order.unit], [labels.due, moment(order.due_at)]]),
    button(labels.look, () => acts.look(order.number)))));
}

function news(card, acts) {
  return make("div", {className: "card"}, card.is_answer ? button(labels.rate, () => acts.look(card.number, "rate")) : null,
    " ", button(labels.look, () => acts.look(card.number)));
}

function shown(card, acts) {
  if (!card) return null;
  return {article, form, orders, news}[card.type]?.(card, acts) ?? null;
}

function name(message) {
  if (message.by === "agent") return filled(words.agent_name, {agent: message.name});
  return message.by === "unit" ? message.name : words.hotline;
}

export function saidRow(message, acts) {
  const row = make("li", {className: message.by === "hotline" ? "hotline" : "hotline person"},
    make("span", {className: message.by === "hotline" ? "hidden" : "name", textContent: name(message) + "："}),
    make("p", {textContent: message.text}));
  const card = shown(message.card, acts);
  if (card) row.append(card);
  if (message.replies.length) {
    row.append(make("div", {className: "replies"}, ...message.replies.map((text) => button(text, () => acts.say(text)))));
  }
  return row;
}

export function ownRow(content, picture) {
  const row = make("li", {className: "me"}, make("span", {className: "hidden", textContent: words.me + "："}));
  row.append(picture ? make("img", {src: picture, alt: words.picture_alt, loading: "lazy"}) : make("p", {textContent: content}));
  row.append(make("small", {textContent: ""}));
  return row;
}
