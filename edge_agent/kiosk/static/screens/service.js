// Service mode and first set-up: for technicians, plainly marked as such, dense but with the same touch sizes.

import { facts } from "../facts.js";
import { h } from "../h.js";
import { icon } from "../icons.js";
import { button, notice, text, title } from "../parts.js";
import { t } from "../texts.js";
import { bigOffers, single } from "./common.js";
import { doorStory, picture } from "./door.js";

const SECTIONS = ["doors", "boards", "scanner", "screen", "verify", "faults"];
const TOUCH_FIELDS = 24; // 6 × 4: each field is larger than a finger, none of the glass is left out

export function serviceMenu(vm, { send }) {
  const head = vm.section ? t(`service-menu.section.${vm.section}`) : t("service-menu.title");
  return {
    shape: "service",
    story: [
      h("p", { class: "tag service" }, icon("tool"), t("service-menu.title")),
      title(head),
      notice(vm) ?? text(vm.section === "screen" ? t("service-menu.touch-test") : t("service-menu.text")),
      h("div", { class: "choice-row" }, button("leave", send, { kind: "secondary tall strong" })),
    ],
    work: [content(vm, send)],
  };
}

function content(vm, send) {
  if (!vm.section) {
    return h(
      "div",
      { class: "grid two", role: "group", "aria-label": t("service-menu.sections") },
      SECTIONS.map((name) => button(
        "section",
        send,
        { id: name, args: { id: name }, label: t(`service-menu.section.${name}`), kind: "tile" },
      )),
    );
  }
  if (vm.section === "screen") return touchTest();
  return rows(vm.rows, send);
}

function rows(list, send) {
  if (!list.length) return h("p", { class: "text" }, t("service-menu.none"));
  return h(
    "ul",
    { class: "rows tall scroll", tabindex: "0", "aria-label": t("service-menu.sections") },
    list.map((row) => line(row, send)),
  );
}

function line(row, send) {
  const buttons = row.offers.map((name) => button(
    name,
    send,
    {
      id: row.id,
      args: { id: row.id },
      name: t("service-menu.row", { action: t(`action.${name}`), label: row.label }),
    },
  ));
  const facts = [row.value, ...row.words.map((word) => t(`service-menu.word.${word}`))].filter(Boolean).join(" · ");
  return h(
    "li",
    { class: `state ${row.state}` },
    mark(row.state),
    h("span", { class: "what" }, h("b", {}, row.label), " ", h("small", {}, facts)),
    h("span", { class: "acts" }, buttons),
  );
}

function mark(state) {
  const names = { good: "done", attention: "attention", bad: "refused" };
  return names[state] ? icon(names[state]) : h("span", { class: "icon" });
}

function touchTest() {
  const field = (n) =>
    h(
      "button",
      {
        type: "button",
        class: "field",
        "data-action": "touch-field",
        "data-id": n,
        "aria-label": t("service-menu.touch-field", { n }),
        "aria-pressed": "false",
        onclick: (event) => event.currentTarget.setAttribute("aria-pressed", "true"),
      },
    );
  return h("div", { class: "touch-test" }, Array.from({ length: TOUCH_FIELDS }, (_, n) => field(n + 1)));
}

const TONES = { opening: "opening", failed: "stuck" };

function help() {
  return facts.hotline ? text(t("commissioning.call", { hotline: facts.hotline })) : null;
}

export function commissioning(vm, { send }) {
  const step = h("p", { class: "tag service" }, icon("tool"), t("commissioning.step", vm));
  const what = vm.asks || vm.step;
  const close = vm.reminder ? t("door-open-take.reminder", vm) : t(`commissioning.text.${what}`, vm);
  const words = [step, title(t(`commissioning.title.${what}`, vm)), notice(vm) ?? text(close)];
  if (vm.step === "welcome") return single("tool", "attention", [...words.slice(1), help()]);
  const buttons = h("div", { class: "choice-row" }, bigOffers(vm, send));
  if (vm.door) return {
    shape: "door",
    story: [words[1], ...doorStory(vm.door, TONES[vm.asks]), words[2]],
    work: [step, picture(vm.door), buttons],
  };
  const done = vm.step === "done" && !vm.rows.length;
  const list = vm.rows.length ? rows(vm.rows, send) : null;
  const fine = done ? h("div", { class: "fine" }, icon("done"), text(t("commissioning.all-looked-at"))) : null;
  return { shape: "service", story: words, work: [list ?? fine, buttons] };
}
