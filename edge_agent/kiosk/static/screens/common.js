// Screens that belong to no one flow: help, problem, time-out, waiting, messages, out of service.

import { facts } from "../facts.js";
import { h } from "../h.js";
import { icon } from "../icons.js";
import { button, notice, offers, text, title } from "../parts.js";
import { t } from "../texts.js";
import { doorStory, picture } from "./door.js";

// One thing in the middle of the screen. `buttons`: the first is the largest.
export function single(mark, tone, parts, buttons = []) {
  return {
    shape: "single",
    story: [
      h("div", { class: `badge ${tone}` }, typeof mark === "string" ? icon(mark) : mark),
      h("div", { class: "body" }, parts, buttons.length ? h("div", { class: "choice-row" }, buttons) : null),
    ],
  };
}

// The offered actions as large buttons, the first one primary; giving up is never what the screen asks for.
export function bigOffers(vm, send) {
  const kind = (name, index) => (index === 0 && name !== "cancel" ? "primary" : "secondary tall");
  return vm.offers.map((name, index) => button(name, send, { kind: kind(name, index) }));
}

export function ring(deadline) {
  return deadline ? h("lk-ring", { "left-ms": deadline.left_ms, "total-ms": deadline.total_ms }) : icon("wait");
}

export function help(vm, { send }) {
  const facts_ = [
    ["help.hotline", facts.hotline, "hotline"],
    ["help.locker", facts.locker, ""],
    ["help.code", vm.support_code, ""],
  ].filter(([, value]) => value);
  return {
    shape: "help",
    story: [
      title(t("help.title")),
      text(t("help.text")),
      h("ul", { class: "how" }, h("li", {}, t("help.how.code")), h("li", {}, t("help.how.door"))),
      offers(vm, send),
    ],
    work: [
      h(
        "dl",
        { class: "facts" },
        facts_.map(([key, value, kind]) => h("div", { class: kind }, h("dt", {}, t(key)), h("dd", {}, value))),
      ),
      facts.hotline ? h(
        "figure",
        { class: "qr" },
        h("img", { src: "/help-qr.svg", alt: t("help.qr") }),
        h("figcaption", { "aria-hidden": "true" }, t("help.qr")),
      ) : null,
    ],
  };
}

export function reportProblem(vm, { send }) {
  const door = vm.door ? h("p", { class: "tag" }, t("report-problem.door", { door: vm.door })) : null;
  return {
    shape: "list",
    story: [title(t("report-problem.title")), notice(vm) ?? text(t("report-problem.text")), door],
    work: [h(
      "div",
      { class: "grid two" },
      vm.kinds.map((kind) => button(
        "problem",
        send,
        { id: kind, args: { id: kind }, label: t(`problem.${kind}`), kind: "tile" },
      )),
    )],
  };
}

export function warnTimeout(vm, { send, deadline }) {
  return single(ring(deadline), "time", [title(t("warn-timeout.title")), text(t("warn-timeout.text"))], [
    button("more-time", send, { kind: "primary" }),
    button("finish", send, { kind: "secondary tall" }),
  ]);
}

export function pleaseWait(vm) {
  return single("wait", "quiet breathing", [title(t(`please-wait.title.${vm.reason}`)), text(t("please-wait.text"))]);
}

export function message(vm, { send }) {
  const args = { ...vm.args, door: vm.door || vm.args.door };
  const words = [title(t(`message.${vm.kind}.title`, args)), notice(vm) ?? text(t(`message.${vm.kind}.text`, args))];
  if (vm.door) {
    return {
      shape: "door",
      story: [...doorStory(vm.door, vm.tone), ...words],
      work: [picture(vm.door), h("div", { class: "choice-row" }, bigOffers(vm, send))],
    };
  }
  const marks = { done: "done", attention: "attention", refused: "refused", plain: "help" };
  return single(marks[vm.tone], vm.tone, words, bigOffers(vm, send));
}

export function outOfService(vm) {
  const call = facts.hotline ? t("out-of-service.call", { hotline: facts.hotline }) : t("out-of-service.call-plain");
  const code = vm.code ? h("p", { class: "tag" }, t("out-of-service.code", { code: vm.code })) : null;
  return single(
    "tool",
    "attention",
    [title(t("out-of-service.title")), text(t(`out-of-service.text.${vm.reason}`)), text(call), code],
  );
}

export function lockedOut(vm, { deadline }) {
  return single(
    deadline ? ring(deadline) : "lock",
    "time",
    [
      title(t(`locked-out.title.${vm.who}`)),
      text(t("locked-out.text")),
      vm.qr_allowed ? text(t("locked-out.qr")) : null,
    ],
  );
}

export function thanks(vm, { send }) {
  const stars = [1, 2, 3, 4, 5].map((n) => button(
    "rate",
    send,
    { args: { stars: n }, id: String(n), name: t("action.rate", { n }), label: "", mark: "star", kind: "star" },
  ));
  const rate = vm.offers.includes("rate") ? h(
    "div",
    { class: "rate" },
    h("p", { class: "text" }, t("thanks.rate")),
    h("div", { class: "stars" }, stars),
  ) : null;
  const others = vm.offers.filter((name) => name !== "rate").map((name) => button(
    name,
    send,
    { kind: "secondary tall" },
  ));
  return single(
    "done",
    "done",
    [title(t(`thanks.title.${vm.kind}`)), notice(vm) ?? text(t(`thanks.text.${vm.kind}`)), rate],
    [...others, button("finish", send, { kind: others.length ? "secondary tall" : "primary" })],
  );
}
