// <lk-ring>: a deadline as a shrinking ring with the seconds inside. It shows time; the agent alone ends it.

import { svg } from "./h.js";

const STEP_MS = 250; // 4 Hz changes of a number once a second: far from flicker
const RADIUS = 45;
const AROUND = 2 * Math.PI * RADIUS;

class Ring extends HTMLElement {
  #timer = 0;
  #endsAt = 0;
  #arc = null;
  #number = null;

  connectedCallback() {
    this.#endsAt = performance.now() + Number(this.getAttribute("left-ms"));
    this.#arc = svg("circle", { class: "arc", cx: 50, cy: 50, r: RADIUS, "stroke-dasharray": AROUND });
    this.#number = svg("text", { x: 50, y: 52 });
    this.setAttribute("role", "timer");
    this.replaceChildren(
      svg(
        "svg",
        { viewBox: "0 0 100 100", "aria-hidden": "true" },
        svg("circle", { class: "track", cx: 50, cy: 50, r: RADIUS }),
        this.#arc,
        this.#number,
      ),
    );
    this.#timer = setInterval(() => this.#step(), STEP_MS);
    this.#step();
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  #step() {
    const left = Math.max(0, this.#endsAt - performance.now());
    const share = Math.min(1, left / Math.max(1, Number(this.getAttribute("total-ms"))));
    this.#arc.setAttribute("stroke-dashoffset", String(AROUND * (1 - share)));
    this.#number.textContent = clock(Math.ceil(left / 1000));
  }
}

function clock(seconds) {
  return seconds < 60 ? String(seconds) : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

customElements.define("lk-ring", Ring);
