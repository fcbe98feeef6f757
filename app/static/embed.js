// <hotline-chat>: the hotline's chat on another site (docs/embedding.md). One script tag, then
//   <hotline-chat></hotline-chat>  and, if the site knows its users:  element.getToken = async () => "…a signed token…";
const origin = new URL(import.meta.url).origin;

class HotlineChat extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) { addEventListener("message", this.listen); return; }
    const frame = document.createElement("iframe");
    frame.src = origin + "/";
    frame.title = this.getAttribute("label") || "12345";
    frame.allow = "geolocation; microphone; camera";
    frame.style.cssText = "width: 100%; height: 100%; border: 0;";
    this.style.display ||= "block";
    this.style.height ||= "min(40rem, 90vh)";
    this.attachShadow({mode: "open"}).append(frame);
    this.listen = async (event) => {
      if (event.source !== frame.contentWindow || event.origin !== origin || event.data?.type !== "hotline-wants-token") return;
      const token = this.getToken ? await this.getToken() : this.getAttribute("token");
      frame.contentWindow?.postMessage({type: "hotline-token", token: token || null}, origin);
    };
    addEventListener("message", this.listen);
  }

  disconnectedCallback() { removeEventListener("message", this.listen); }
}
customElements.define("hotline-chat", HotlineChat);
