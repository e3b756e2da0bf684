// Buttons, notices, chips: what every screen is made of. Every control is a real <button> with a stable data-action.

import { h } from "./h.js";
import { icon } from "./icons.js";
import { has, t } from "./texts.js";

// A button that sends `action`. `kind`: "primary" (20 mm), "secondary" (10 mm or more).
export function button(action, send, { label, args, kind = "secondary", id, mark, pressed, name, disabled } = {}) {
  const words = label ?? t(`action.${action}`);
  return h(
    "button",
    {
      type: "button",
      class: `button ${kind}`,
      "data-action": action,
      "data-id": id,
      "aria-label": name,
      "aria-pressed": pressed === undefined ? undefined : String(pressed),
      disabled,
      onclick: () => send(action, args ?? {}),
    },
    mark ? icon(mark) : null,
    h("span", {}, words),
  );
}

export function notice(vm) {
  if (!vm.notice) return null;
  const { kind, tone, args } = vm.notice;
  return h(
    "p",
    { class: `notice ${tone}`, role: tone === "refused" ? "alert" : "status" },
    icon(tone),
    h("span", {}, t(`notice.${kind}`, args)),
  );
}

export function title(words, props = {}) {
  return h("h1", { tabindex: "-1", ...props }, words);
}

export function text(words) {
  return words ? h("p", { class: "text" }, words) : null;
}

export function freeChips(free) {
  return h(
    "ul",
    { class: "chips", "aria-label": t("home.free") },
    free.map((one) =>
      h("li", { class: one.free ? "chip" : "chip none" }, h("b", {}, one.size), h("span", {}, one.free)),
    ),
  );
}

const SHOWN_MAX = 6; // more buttons than these are a wall; the rest waits behind "more options"
let unfolded = -1; // the revision whose further options are shown

// The exceptions a person may choose at a door, in the order the agent offers them.
export function offers(vm, send, { counts = {}, redraw, rev } = {}, more = []) {
  const names = vm.offers.filter((name) => name !== "rate");
  const folds = names.length > SHOWN_MAX;
  const open = folds && unfolded === rev;
  const shown = folds && !open ? names.slice(0, SHOWN_MAX - 1) : names;
  const buttons = shown.map((name) => button(name, send, { label: labelOf(name, counts) }));
  if (folds) {
    const fold = () => {
      unfolded = open ? -1 : rev;
      redraw();
    };
    buttons.push(button(open ? "fewer-options" : "more-options", fold, { mark: "more" }));
  }
  buttons.push(...more);
  return buttons.length ? h("div", { class: open ? "offers all" : "offers" }, buttons) : null;
}

export function labelOf(name, counts = {}) {
  if (name in counts) return t(`action.${name}`, { n: counts[name] });
  return has(`action.${name}-plain`) ? t(`action.${name}-plain`) : t(`action.${name}`);
}
