// The recipient: the idle screen is the keypad, so that the first touch is already the first digit.

import { h } from "../h.js";
import { icon } from "../icons.js";
import { ask } from "../keypad.js";
import { freeChips, notice, text, title } from "../parts.js";
import { t } from "../texts.js";

export function home(vm, { send }) {
  const short = vm.code === "6+4";
  const { boxes, keypad } = ask({
    action: "code",
    min: short ? 6 : 8,
    max: short ? 6 : 8,
    groups: short ? "3 3" : "4 4",
    send,
  });
  return {
    shape: "keypad",
    story: [title(t("home.title")), notice(vm) ?? text(t(`home.text.${vm.code}`)), boxes, room(vm)],
    work: [keypad],
  };
}

function room(vm) {
  if (!vm.deposits) return h("p", { class: "tag" }, icon("attention"), t("home.pickups-only"));
  if (!vm.free.some((one) => one.free)) return h("p", { class: "tag" }, t("home.full"));
  return h(
    "div",
    { class: "room" },
    h("p", { class: "label", "aria-hidden": "true" }, t("home.free")),
    freeChips(vm.free),
  );
}

export function pickupPhone(vm, { send }) {
  const { boxes, keypad } = ask({ action: "phone", min: 4, max: 4, groups: "4", send });
  return {
    shape: "keypad",
    story: [title(t("pickup-phone.title")), notice(vm) ?? text(t("pickup-phone.text")), boxes],
    work: [keypad],
  };
}
