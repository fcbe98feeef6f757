// The line to the hotline: protocol version 2 (docs/protocol-web-chat.md). It comes back by itself, and sends once what was not taken.
import {words} from "./chat_parts.js";

const WAIT_MOST = 20;
const KEEP = "session";

export class Line {
  constructor(on, token) {
    this.on = on;  // message(m), state(text), begun(isNew), ready(), over(text)
    this.token = token;  // () => promise of the token of the app that carries the page, or null
    this.session = sessionStorage.getItem(KEEP);
    this.seen = 0;
    this.isOver = false;
    this.isReady = false;
    this.waiting = [];  // own messages that the hotline has not taken yet, oldest first
    this.pause = 1;
    this.moving = 0;
    this.refusal = "";
    addEventListener("offline", () => { this.on.state(words.offline); this.socket?.close(); });
    addEventListener("online", () => this.connect());
  }

  async connect() {
    clearTimeout(this.again);
    if (this.isOver || (this.socket && this.socket.readyState < WebSocket.CLOSING)) return;
    const socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/chat/ws");
    this.socket = socket;
    this.last = Infinity;
    this.isReady = false;
    this.refusal = "";
    socket.onopen = async () => {
      const token = await this.token();
      if (socket.readyState === WebSocket.OPEN) {
        socket.send(JSON.stringify({type: "hello", version: 2, session: this.session, seen: this.seen, token}));
      }
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = () => {
      if (this.isOver || socket !== this.socket) return;
      const why = navigator.onLine === false ? words.offline : words.lost;
      this.on.state((!this.isReady && this.refusal) || why);
      this.isReady = false;
      this.again = setTimeout(() => this.connect(), this.pause * 1000);
      this.pause = Math.min(this.pause * 2, WAIT_MOST);
    };
  }

  take(message) {
    if (message.number) this.seen = Math.max(this.seen, message.number);
    if (message.type === "welcome") this.begin(message);
    else if (message.type === "refused") this.refused(message);
    else if (message.type === "replaced") this.end(words.replaced, false);
    else if (message.type === "ended") this.end(words.over, true);
    else if (message.type === "moved") this.pause = 0.1;
    else if (message.type === "echoed") {
      const index = this.waiting.findIndex((one) => one.body.id === message.id);
      const own = index >= 0 ? this.waiting.splice(index, 1)[0] : null;
      this.on.message(message, own);
    } else this.on.message(message, null);
    if (!this.isReady && !this.isOver && this.seen >= this.last) {
      this.isReady = true;
      for (const one of this.waiting) this.socket.send(JSON.stringify(one.body));  // sent while the line was breaking
      this.on.ready();
    }
  }

  begin(message) {
    this.pause = 1; this.moving = 0;
    const isNew = message.session !== this.session;
    if (isNew) { this.seen = 0; this.lost(this.waiting.splice(0)); }
    this.session = message.session;
    this.last = message.last;
    sessionStorage.setItem(KEEP, this.session);
    this.on.begun(isNew, message.first);
  }

  refused(message) {
    if (message.code === "moving" && ++this.moving > 6) this.session = null;
    if (message.code === "login") { this.end(message.text, true); return; }
    const index = this.waiting.findIndex((one) => one.body.id === message.id);
    if (index >= 0) this.lost(this.waiting.splice(index, 1));
    this.refusal = message.text;
    this.on.state(message.text);
  }

  lost(ones) { if (ones.length) this.on.lost(ones); }

  end(why, isForgotten) {
    this.isOver = true;
    if (isForgotten) sessionStorage.removeItem(KEEP);
    this.on.over(why);
  }

  // Send what must be taken once; false when there is no line now.
  send(body, row) {
    if (!this.tell({...body, id: body.id ?? crypto.randomUUID()}, row)) return false;
    return true;
  }

  tell(body, row) {
    if (!this.isReady || this.socket.readyState !== WebSocket.OPEN) return false;
    if (row) this.waiting.push({body, row});
    this.socket.send(JSON.stringify(body));
    return true;
  }
}
