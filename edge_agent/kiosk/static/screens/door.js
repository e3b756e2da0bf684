// An open (or stubborn) door: its number, where it is, the map, and what to do. Closing the door is the confirmation.

import { facts } from "../facts.js";
import { h } from "../h.js";
import { icon } from "../icons.js";
import { placeInWords } from "../map.js";
import { button, notice, offers, text, title } from "../parts.js";
import { t } from "../texts.js";

export function doorStory(door, tone = "open") {
  return [h(
    "div",
    { class: `door-number ${tone}` },
    h("p", { class: "big" }, door),
    h("p", { class: "where" }, placeInWords(door)),
  )];
}

export function picture(door) {
  return h("div", { class: "picture" }, h("lk-map", { door }));
}

function reminder(vm, screen) {
  if (!vm.reminder) return null;
  return h(
    "p",
    { class: "notice attention", role: "alert" },
    icon("attention"),
    h("span", {}, t(`${screen}.reminder`, { door: vm.door })),
  );
}

export function doorOpenTake(vm, context) {
  const count = vm.total > 1 ? [t("door-open-take.count", vm)] : [];
  const head = vm.opening ? t("door-open-take.opening") : t(`door-open-take.title.${vm.role}`);
  const words = reminder(vm, "door-open-take") ?? notice(vm) ?? text(t(`door-open-take.text.${purpose(vm)}`, vm));
  return {
    shape: "door",
    story: [title(head), ...doorStory(vm.door, vm.opening ? "opening" : "open"), words],
    work: [tags(count), picture(vm.door), offers(others(vm), context.send, context, before(vm, context.send))],
  };
}

function others(vm) {
  return { ...vm, offers: vm.offers.filter((name) => name !== "still-inside") };
}

function before(vm, send) {
  return vm.before ? [stillInside(vm.before, send)] : [];
}

// Said of a door that is closed already: the parcel was not taken out of it.
export function stillInside(line, send, label = t("action.still-inside", line)) {
  const name = t("action.still-inside", line);
  return button("still-inside", send, { id: line.id, args: { id: line.id }, label, name });
}

// A courier without a parcel in hand looks inside, as a technician does.
function purpose(vm) {
  return vm.role === "courier" && !vm.tail ? "technician" : vm.role;
}

function tags(list) {
  return list.length ? h("div", { class: "tags" }, list.map((one) => h("p", { class: "tag" }, one))) : null;
}

export function doorOpenPut(vm, context) {
  const facts_ = [
    vm.size ? t("door-open-put.size", vm) : "",
    vm.queued ? t("door-open-put.queued", { tail: vm.queued }) : "",
  ].filter(Boolean);
  const head = vm.opening ? t("door-open-put.opening") : t(`door-open-put.title.${vm.role}`);
  const words = reminder(vm, "door-open-put") ?? notice(vm) ?? text(t(`door-open-put.text.${vm.role}`, vm));
  return {
    shape: "door",
    story: [title(head), ...doorStory(vm.door, vm.opening ? "opening" : "open"), words],
    work: [tags(facts_), picture(vm.door), offers(vm, context.send, context)],
  };
}

export function moreParcels(vm, { send }) {
  return {
    shape: "door",
    story: [
      title(t("more-parcels.title")),
      ...doorStory(vm.next_door, "opening"),
      notice(vm) ?? text(t("more-parcels.text", { ...vm, door: vm.next_door })),
    ],
    work: [
      picture(vm.next_door),
      h(
        "div",
        { class: "choice-row" },
        button("next", send, { kind: "primary", label: t("more-parcels.next") }),
        vm.offers.map((name) => button(name, send, { kind: "secondary tall" })),
      ),
    ],
  };
}

export function doorFailed(vm, { send }) {
  // Without another try nobody is told to try again: the code may be spent, the sensor may have seen it open.
  const once = vm.role !== "technician" && !vm.offers.includes("retry") ? "-no-retry" : "";
  const why = vm.reason === "not-closed" ? "not-closed" : vm.role + once;
  const call = facts.hotline && vm.role === "recipient" ? text(t(
    "door-failed.call",
    { hotline: facts.hotline },
  )) : null;
  const buttons = vm.offers.map((name, index) => button(
    name,
    send,
    {
      kind: index === 0 ? "primary" : "secondary tall",
      label: name === "report" ? t("action.help") : undefined, // that is where it leads
    },
  ));
  return {
    shape: "door",
    story: [
      title(t(`door-failed.title.${vm.reason}`)),
      ...doorStory(vm.door, "stuck"),
      notice(vm) ?? text(t(`door-failed.text.${why}`)),
      call,
    ],
    work: [picture(vm.door), h("div", { class: "choice-row" }, buttons)],
  };
}
