// The courier: one scan a parcel, no touch where the size is known; every button is an exception.

import { h } from "../h.js";
import { icon } from "../icons.js";
import { ask, askWaybill } from "../keypad.js";
import { button, freeChips, labelOf, notice, offers, text, title } from "../parts.js";
import { t } from "../texts.js";
import { bigOffers, single } from "./common.js";
import { stillInside } from "./door.js";

export function courierPin(vm, { send }) {
  const pin = vm.ask === "pin";
  const fixed = vm.digits_min === vm.digits_max;
  const { boxes, keypad } = ask({
    action: vm.ask,
    min: vm.digits_min,
    max: vm.digits_max,
    groups: fixed ? String(vm.digits_max) : "",
    masked: pin,
    send,
  });
  return {
    shape: "keypad",
    story: [title(t(`courier-pin.title.${vm.ask}`)), notice(vm) ?? text(t(`courier-pin.text.${vm.ask}`)), boxes],
    work: [keypad],
  };
}

function typeWaybill(vm, send) {
  const letters = vm.typing === "letters";
  const { boxes, keypad } = askWaybill({ letters, send });
  return {
    shape: letters ? "letters" : "keypad",
    story: [title(t("courier-scan.title.typing")), notice(vm) ?? text(t("courier-scan.text.typing")), boxes],
    work: [keypad],
  };
}

export function courierScan(vm, { send }) {
  if (vm.typing) return typeWaybill(vm, send);
  const words = vm.speed && vm.size ? t("courier-scan.text.speed", vm) : t("courier-scan.text.ask");
  return {
    shape: "scan",
    story: [
      title(t("courier-scan.title")),
      notice(vm) ?? text(words),
      h(
        "section",
        { class: "deposits", "aria-label": t("courier-scan.last") },
        h(
          "div",
          { class: "line-up" },
          h("p", { class: "count" }, t("courier-scan.deposited"), h("b", {}, vm.deposited)),
          h("p", { class: "tag good minor" }, icon("scan"), t("courier-scan.armed")),
        ),
        lines(vm, send),
      ),
    ],
    work: [sizes(vm, send), controls(vm, send)],
  };
}

function lines(vm, send) {
  if (!vm.last.length) return h("p", { class: "label" }, t("courier-scan.none"));
  return h(
    "ul",
    { class: "rows" },
    vm.last.map((line) =>
      h(
        "li",
        {},
        h("span", {}, t("courier-scan.line", line)),
        h("b", {}, line.size),
        vm.offers.includes("undo") && line.undo_s > 0 ? button(
          "undo",
          send,
          { id: line.id, args: { id: line.id }, name: t("courier-scan.undo", line) },
        ) : null,
      ),
    ),
  );
}

function sizes(vm, send) {
  return h(
    "div",
    { class: vm.free.length > 4 ? "grid three" : "grid four", role: "group", "aria-label": t("courier-scan.sizes") },
    vm.free.map((one) => {
      const tile = button(
        "size",
        send,
        {
          id: one.size,
          args: { id: one.size },
          label: one.size,
          name: t("courier-scan.size", one),
          pressed: one.size === vm.size,
          kind: "tile size",
        },
      );
      tile.append(h("small", {}, one.free));
      return tile;
    }),
  );
}

function controls(vm, send) {
  const flag = (action, on) => button(
    action,
    send,
    { args: { on: !on }, pressed: on, label: t(`action.${action}-${on ? "on" : "off"}`) },
  );
  const counts = { recall: vm.overdue, verify: vm.to_check };
  const others = vm.offers.filter((name) => name !== "undo").map((name) => button(
    name,
    send,
    { label: labelOf(name, counts) },
  ));
  const low = button("low", send, { args: { on: !vm.low }, pressed: vm.low, label: t("action.low-on") });
  return h(
    "div",
    { class: "offers" },
    flag("speed", vm.speed),
    low,
    others,
    button("finish", send, { kind: "secondary strong" }),
  );
}

export function recipientPhone(vm, { send }) {
  const { boxes, keypad } = ask({
    action: "phone",
    min: vm.digits_min,
    max: vm.digits_max,
    grouped: true,
    send,
  });
  return {
    shape: "keypad",
    story: [
      title(t("recipient-phone.title")),
      notice(vm) ?? text(t("recipient-phone.text", vm)),
      boxes,
      offers(vm, send),
    ],
    work: [keypad],
  };
}

export function chooseSize(vm, { send }) {
  const low = button("low", send, { args: { on: !vm.low }, pressed: vm.low, label: t("action.low-on") });
  return {
    shape: "list",
    story: [
      title(t("choose-size.title")),
      h("p", { class: "tag" }, t("choose-size.text", vm)),
      notice(vm) ?? text(t("choose-size.plain")),
      h("div", { class: "offers" }, low, vm.offers.map((name) => button(name, send))),
    ],
    work: [h("div", { class: "grid sizes" }, vm.sizes.map((one) => sizeTile(one, vm.suggested, send)))],
  };
}

function sizeTile(one, suggested, send) {
  const cm = {
    ...one,
    width: Math.round(one.width_mm / 10),
    height: Math.round(one.height_mm / 10),
    depth: Math.round(one.depth_mm / 10),
  };
  const tile = button(
    "size",
    send,
    {
      id: one.size,
      args: { id: one.size },
      label: one.size,
      name: t("choose-size.tile", cm),
      kind: one.size === suggested ? "tile size wide suggested" : "tile size wide",
      disabled: one.free === 0,
    },
  );
  tile.append(
    h("small", {}, t("choose-size.measure", cm)),
    h("small", { class: "free" }, one.free ? t("choose-size.free", one) : t("choose-size.none")),
  );
  return tile;
}

export function full(vm, { send }) {
  const which = vm.size ? "size" : "all";
  const nearest = vm.nearest ? text(t("full.nearest", { site: vm.nearest })) : null;
  const tiles = vm.free.filter((one) => one.free && vm.offers.includes("size")).map((one) => button(
    "size",
    send,
    {
      id: one.size,
      args: { id: one.size },
      label: `${one.size} · ${one.free}`,
      name: t("courier-scan.size", one),
      kind: "secondary tall",
    },
  ));
  const others = vm.offers.filter((name) => name !== "size").map((name) => button(
    name,
    send,
    { kind: "secondary tall", label: labelOf(name) },
  ));
  const room = !tiles.length && vm.free.some((one) => one.free) ? freeChips(vm.free) : null;
  return single(
    "parcel",
    "attention",
    [title(t(`full.title.${which}`, vm)), notice(vm) ?? text(t(`full.text.${which}`)), nearest, room],
    [...tiles, ...others],
  );
}

export function recallList(vm, { send }) {
  const count = vm.lines.filter((line) => line.reason !== "taken").length;
  const start = count ? button("start", send, { kind: "primary", label: t(`recall-list.start.${vm.kind}`) }) : null;
  return {
    shape: "list",
    story: [
      title(t(`recall-list.title.${vm.kind}`)),
      notice(vm) ?? text(count ? t(`recall-list.text.${vm.kind}`, { n: count }) : t("recall-list.empty")),
      h("div", { class: "choice-row" }, start, bigOffersPlain(vm, send)),
    ],
    work: [
      h("ul", {
        class: "rows tall scroll",
        "aria-label": t("recall-list.lines"),
        tabindex: "0",
      }, vm.lines.map((line) =>
        h(
          "li",
          {},
          h("b", { class: "plate" }, line.door),
          h(
            "span",
            {},
            line.tail ? `…${line.tail} ` : "",
            h("small", {}, t(`recall-list.reason.${line.reason}`, line)),
          ),
          line.reason === "taken" ? stillInside(line, send, t("action.still-inside-plain")) : button(
            "pick",
            send,
            { id: line.id, args: { id: line.id }, label: t("action.open"), name: t("recall-list.pick", line) },
          ),
        ))),
    ],
  };
}

function bigOffersPlain(vm, send) {
  return bigOffers({ ...vm, offers: vm.offers.filter((name) => name !== "still-inside") }, send).map((one) => {
    one.className = "button secondary tall";
    return one;
  });
}

export function courierSummary(vm, { send }) {
  const odd = vm.odd.map((line) => h(
    "li",
    {},
    icon("attention"),
    h(
      "span",
      {},
      t(line.tail ? "courier-summary.line" : "courier-summary.line-door", line),
      " ",
      h("small", {}, t(`courier-summary.odd.${line.kind}`)),
    ),
  ));
  return {
    shape: "list",
    story: [
      title(t("courier-summary.title")),
      h("div", { class: "figures" }, figure("deposited", vm.deposited), figure("recalled", vm.recalled)),
      h("div", { class: "choice-row" }, button("finish", send, { kind: "primary" })),
    ],
    work: odd.length
      ? [
        h("h2", {}, t("courier-summary.odd")),
        h("ul", { class: "rows tall scroll", tabindex: "0", "aria-label": t("courier-summary.odd") }, odd),
      ]
      : [h("div", { class: "fine" }, icon("done"), h("p", { class: "text" }, t("courier-summary.fine")))],
  };
}

function figure(name, value) {
  return h("p", { class: "figure" }, h("b", {}, value), h("span", {}, t(`courier-summary.${name}`)));
}
