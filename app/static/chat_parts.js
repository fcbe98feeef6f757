// What the chat page's parts have in common: words, and making elements of text only.
const source = document.getElementById("words");
export const words = JSON.parse(source.textContent);

export function make(tag, settings = {}, ...children) {
  const {dataset, ...rest} = settings;
  const element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, dataset || {});
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

export function button(label, onclick, className = "quiet") {
  return make("button", {type: "button", className, textContent: label, onclick});
}

export function facts(rows) {
  const list = make("dl");
  for (const [name, value] of rows) if (value) list.append(make("dt", {textContent: name}), make("dd", {}, value));
  return list;
}

const moments = new Intl.DateTimeFormat("zh-CN", {month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", timeZone: source.dataset.zone});
export const moment = (iso) => (iso ? moments.format(new Date(iso)) : "");

export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export function here() {
  return new Promise((found, failed) => {
    if (!navigator.geolocation) failed(new Error("none"));
    else navigator.geolocation.getCurrentPosition((at) => found(at.coords), failed, {timeout: 10000, enableHighAccuracy: true});
  });
}
