// <lk-keypad> in telephone layout with 20 mm keys, and <lk-digits>, the boxes that show what was typed.

import { typed } from "./digits.js";
import { h } from "./h.js";
import { currentLanguage, t } from "./texts.js";

const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const GROUP = 4; // of a long number: an eye compares four characters at once

class Keypad extends HTMLElement {
  connectedCallback() {
    const fixed = typed.task?.min === typed.task?.max;
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", t("keypad.label"));
    const clear = key("digit-clear", "clear", () => typed.clear());
    const erase = key("digit-delete", "delete", () => typed.erase());
    const ok = key("digit-ok", "ok", () => typed.send());
    const [first, last] = fixed ? [clear, erase] : [erase, ok];
    this.replaceChildren(...DIGITS.map(digit), first, digit("0"), last);
  }
}

// Digits and letters of one size: the way out where no scanner can read a label.
class Letters extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", t("keypad.letters"));
    const dash = small("letter-dash", "-", t("keypad.dash"));
    const erase = key("digit-delete", "delete", () => typed.erase());
    const ok = key("digit-ok", "ok", () => typed.send());
    for (const wide of [erase, ok]) wide.className = wide.className.replace("key ", "letter ");
    const digits = [...DIGITS, "0"].map((one) => small(`digit-${one}`, one));
    this.replaceChildren(...digits, ...LETTERS.map((one) => small(`letter-${one}`, one)), erase, dash, ok);
  }
}

function small(action, value, name) {
  return h(
    "button",
    {
      type: "button",
      class: "letter",
      "data-action": action,
      "aria-label": name,
      onclick: () => typed.press(value),
    },
    value,
  );
}

function digit(value) {
  return h(
    "button",
    { type: "button", class: "key", "data-action": `digit-${value}`, onclick: () => typed.press(value) },
    value,
  );
}

function key(action, word, onclick) {
  const kind = word === "ok" ? "key word go" : "key word";
  return h("button", { type: "button", class: kind, "data-action": action, onclick }, t(`keypad.${word}`));
}

// `groups`: box counts, as "4 4"; without it one line that grows.
class Digits extends HTMLElement {
  #stop = null;

  connectedCallback() {
    this.setAttribute("role", "img");
    this.#stop = typed.watch(() => this.#show());
    this.#show();
  }

  disconnectedCallback() {
    this.#stop?.();
    this.replaceChildren();
  }

  #show() {
    const shown = typed.shown();
    const groups = (this.getAttribute("groups") ?? "").split(" ").filter(Boolean).map(Number);
    const total = typed.task?.max ?? 0;
    const key = groups.length ? "digits.entered" : "digits.entered-some";
    this.setAttribute("aria-label", t(key, { done: shown.length, total }));
    const grouped = this.hasAttribute("grouped") ? GROUP : 0;
    this.replaceChildren(...(groups.length ? boxes(groups, shown) : [line(shown, grouped)]));
  }
}

function boxes(groups, shown) {
  let at = 0;
  return groups.map((count) => {
    const group = h("span", { class: "group", "aria-hidden": "true" });
    for (let n = 0; n < count; n += 1, at += 1) {
      const state = at === shown.length ? "box next" : "box";
      group.append(h("span", { class: state }, shown[at] ?? ""));
    }
    return group;
  });
}

function line(shown, grouped) {
  const parts = [];
  for (let at = 0; grouped && at < shown.length; at += grouped) {
    parts.push(h("span", {}, shown.slice(at, at + grouped).join("")));
  }
  return h(
    "span",
    { class: grouped ? "line long" : "line", "aria-hidden": "true", lang: currentLanguage() },
    grouped ? parts : shown.join(""),
    h("span", { class: "caret" }),
  );
}

customElements.define("lk-keypad", Keypad);
customElements.define("lk-letters", Letters);
customElements.define("lk-digits", Digits);

// The same for a waybill; with letters where its carrier's numbers have some.
export function askWaybill({ letters, send }) {
  const task = { min: 8, max: 40, masked: false, letters, keeps: true };
  typed.ask({ ...task, send: (text) => send("waybill", { text }) });
  return { boxes: h("lk-digits", { grouped: true }), keypad: h(letters ? "lk-letters" : "lk-keypad", {}) };
}

// The keypad with its boxes for one question.
export function ask({ action, min, max, groups = "", masked = false, grouped = false, send }) {
  typed.ask({ min, max, masked, send: (digits) => send(action, { digits }) });
  return {
    boxes: h("lk-digits", { groups, grouped, class: masked ? "masked" : undefined }),
    keypad: h("lk-keypad", {}),
  };
}
