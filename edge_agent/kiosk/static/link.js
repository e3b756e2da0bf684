// The one WebSocket: views in, touches and heartbeats out, reconnecting for ever.

import { facts } from "./facts.js";

const BEAT_MS = 2000; // the agent gives the screen away after three missed beats
const DEAF_MS = 5000; // two beats unanswered: the socket is open but nobody is there
const RETRY_MS = [250, 500, 1000, 2000]; // a restarted agent is back within seconds; then every 2 s for ever
const TOUCH_MS = 1000; // "somebody is there" at most once a second
const STORM_TAPS = 40; // in STORM_MS: far beyond any finger; the agent is told and holds the screen
const STORM_MS = 1000;

export class Link {
  #socket = null;
  #tries = 0;
  #beat = 0;
  #heardAt = 0;
  #taps = [];
  #touchedAt = -TOUCH_MS; // the first touch of a fresh page is told, too
  #on;

  // on: { view, hold, up, down }
  constructor(on) {
    this.#on = on;
    setInterval(() => this.#pulse(), BEAT_MS);
  }

  open() {
    const socket = new WebSocket(`ws://${location.host}/ws?token=${encodeURIComponent(facts.token)}`);
    this.#socket = socket;
    socket.onopen = () => {
      this.#tries = 0;
      this.#heardAt = performance.now();
      this.#on.up();
    };
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = () => this.#lost(socket);
  }

  // `rev` is that of the view the person sees, which may be older than the newest that has arrived.
  send(rev, action, args = {}) {
    this.#write({ rev, action, args });
  }

  // Any touch of the glass: counted for the storm guard, and if `tell` told to the agent at most once a second.
  touched(rev, tell = true) {
    const now = performance.now();
    this.#count(now);
    if (!tell || now - this.#touchedAt < TOUCH_MS) return;
    this.#touchedAt = now;
    this.send(rev, "touch");
  }

  #count(now) {
    this.#taps.push(now);
    if (this.#taps.length < STORM_TAPS) return;
    if (now - this.#taps.shift() > STORM_MS) return;
    this.#write({ taps: STORM_TAPS });
    this.#taps = [];
  }

  #receive(message) {
    this.#heardAt = performance.now();
    if ("screen" in message) this.#on.view(message);
    if ("hold_ms" in message) this.#on.hold(message.hold_ms);
  }

  #pulse() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    if (performance.now() - this.#heardAt > DEAF_MS) {
      this.#lost(this.#socket);
      return;
    }
    this.#beat += 1;
    this.#write({ beat: this.#beat });
  }

  #write(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #lost(socket) {
    if (socket !== this.#socket) return; // an old one, given up already
    this.#socket = null;
    socket.onclose = null;
    socket.close();
    this.#on.down();
    const wait = RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)];
    this.#tries += 1;
    setTimeout(() => this.open(), wait);
  }
}
