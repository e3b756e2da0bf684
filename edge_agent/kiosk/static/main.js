// The page: draws what the agent says, sends back what a finger does. It decides nothing and keeps nothing.

import { typed } from "./digits.js";
import { facts } from "./facts.js";
import { closePanel, footer, header } from "./frame.js";
import { h } from "./h.js";
import { Link } from "./link.js";
import { loadLayout } from "./map.js";
import { idleFrom, isOn, reset } from "./prefs.js";
import "./ring.js";
import * as common from "./screens/common.js";
import * as courier from "./screens/courier.js";
import * as door from "./screens/door.js";
import * as recipient from "./screens/recipient.js";
import * as service from "./screens/service.js";
import { hush, play, say } from "./sounds.js";
import { loadTexts, setLanguage, t } from "./texts.js";

const SCREENS = {
  home: recipient.home,
  "pickup-phone": recipient.pickupPhone,
  "door-open-take": door.doorOpenTake,
  "more-parcels": door.moreParcels,
  "door-failed": door.doorFailed,
  thanks: common.thanks,
  help: common.help,
  "courier-pin": courier.courierPin,
  "courier-scan": courier.courierScan,
  "recipient-phone": courier.recipientPhone,
  "choose-size": courier.chooseSize,
  "door-open-put": door.doorOpenPut,
  full: courier.full,
  "recall-list": courier.recallList,
  "courier-summary": courier.courierSummary,
  "report-problem": common.reportProblem,
  "locked-out": common.lockedOut,
  "out-of-service": common.outOfService,
  "service-menu": service.serviceMenu,
  commissioning: service.commissioning,
  "warn-timeout": common.warnTimeout,
  "please-wait": common.pleaseWait,
  message: common.message,
};

const RELOAD_VISITS = 200; // a browser gives drawing memory back only at a reload: 20,000 screens held 115 MB more
const GONE_MS = 2000; // shorter gaps (an agent's restart) pass unseen
const BROKEN_MS = 20000;
const LOCAL = new Set(["finish", "more-time", "language", "help"]); // on warn-timeout these keep their own meaning

// Controls whose action the agent's timers do not hear of. Any other action says itself that somebody is there; a
// "touch" before it would end a screen that any touch ends, and "open again" would come too late.
const UNHEARD = /^(digit-|letter-|display|more-options|language)/;
const PAGE_KEYS = /^([0-9a-z-]|Tab|Enter| |Backspace|Escape|Shift|Arrow\w+|Home|End|Page(Up|Down))$/i;
const CONTROL_KEYS = new Set(["Enter", "Tab", " "]); // they choose a button; any other key means "I am here"

let view = {
  rev: -1,
  session: "",
  screen: "please-wait",
  lang: facts.languages[0],
  vm: { offers: [], notice: null, reason: "starting" },
  deadline: null,
};
let cover = null; // { title, text } drawn instead of the view: the shell's own words
let gone = [];
let holding = false;
let visits = 0;

const link = new Link({ view: receive, hold, up, down });

// A finger is on the glass: redrawing now would take the button away between the press and its click, and the touch
// would be lost. The newest view waits until the finger is up.
const PRESS_MS = 1000; // a press whose end never comes (wet glass, a lost event) must not freeze the screen
let pressed = false;
let pressTimer = 0;
let waiting = null;

function press() {
  pressed = true;
  clearTimeout(pressTimer);
  pressTimer = setTimeout(lift, PRESS_MS);
}

function lift() {
  clearTimeout(pressTimer);
  setTimeout(() => {
    pressed = false;
    const next = waiting;
    waiting = null;
    if (next) receive(next);
  });
}

function receive(next) {
  if (pressed) {
    waiting = next;
    return;
  }
  const before = view;
  view = next;
  if (!holding) cover = null;
  const ended = before.session && next.session !== before.session;
  // What is being typed outlives a refresh of its screen, but neither its answer nor its person.
  const asked = next.screen === before.screen && next.vm?.typing === before.vm?.typing && !ended;
  const answered = next.rev !== before.rev && typed.sent;
  if (!asked || (answered && !typed.keeps)) typed.wipe();
  else if (answered) typed.answered();
  if (ended) forget();
  if (next.lang !== before.lang) closePanel();
  setLanguage(next.lang);
  draw(next.rev !== before.rev || next.screen !== before.screen);
  idleFrom(next.session, () => draw(false));
  if (visits >= RELOAD_VISITS && next.screen === "home" && !next.session) location.reload();
  voice(next);
}

// A session ended: nothing of it stays, not even a choice of letters.
function forget() {
  visits += 1;
  reset();
  closePanel();
  hush();
}

function voice(next) {
  if (next.sound) play(next.sound);
  if (!next.speak) return;
  document.getElementById("said").textContent = next.speak.text;
  if (isOn("speech")) say(next.speak.url);
}

function send(action, args) {
  link.send(view.rev, action, args);
}

function draw(fresh) {
  const root = document.getElementById("app");
  const focus = document.activeElement;
  const place = focus && root.contains(focus) ? [focus.dataset.action, focus.dataset.id] : null;
  document.body.dataset.screen = cover ? cover.screen : view.screen;
  document.body.dataset.session = cover ? "" : view.session;
  document.body.dataset.rev = view.rev;
  const parts = cover ? shell() : SCREENS[view.screen](
    view.vm,
    { send, deadline: view.deadline, rev: view.rev, redraw: () => draw(false) },
  );
  root.dataset.shape = parts.shape;
  // Large letters may make the words scroll: then they can be scrolled by keys, too.
  const scrolls = isOn("large") ? "0" : undefined;
  const main = h("main", { class: "story", tabindex: scrolls }, parts.story);
  const label = t("chrome.step");
  const work = parts.work ? h("section", { class: "work", tabindex: scrolls, "aria-label": label }, parts.work) : null;
  const shown = cover ? { ...view, screen: "please-wait", vm: null } : view;
  root.replaceChildren(...[header(shown, send), main, work, footer(shown, send, () => draw(false))].filter(Boolean));
  refocus(root, fresh ? null : place);
}

// The headline is read first on a new screen; on a refresh the focus stays where it was.
function refocus(root, place) {
  const [action, id] = place ?? [];
  const which = id ? `[data-id="${CSS.escape(id)}"]` : "";
  const same = action ? root.querySelector(`[data-action="${CSS.escape(action)}"]${which}`) : null;
  (same ?? root.querySelector("h1"))?.focus({ preventScroll: true });
}

// The built-in screens: they need nothing but this page.
function shell() {
  const plain = cover.words === "out" && !facts.hotline ? "-plain" : "";
  const words = t(`shell.${cover.words}.text${plain}`, { hotline: facts.hotline, locker: facts.locker });
  const head = h("h1", { tabindex: "-1" }, t(`shell.${cover.words}.title`));
  return { shape: "single", story: [h("div", { class: "body" }, head, h("p", { class: "text" }, words))] };
}

function show(words, screen = "please-wait") {
  typed.wipe();
  closePanel();
  cover = { words, screen };
  draw(true);
}

function down() {
  if (gone.length) return; // counted from the first loss, however often connecting fails
  gone = [setTimeout(() => show("wait"), GONE_MS), setTimeout(() => show("out", "out-of-service"), BROKEN_MS)];
}

function up() {
  gone.forEach(clearTimeout);
  gone = [];
}

// After a tap storm: the agent drops every touch for this long, so the page offers none.
function hold(ms) {
  holding = true;
  show("hold", view.screen);
  setTimeout(() => {
    holding = false;
    if (cover?.words !== "hold") return;
    cover = null;
    draw(true);
  }, ms);
}

function onTouch(event) {
  const action = event.target.closest?.("[data-action]")?.dataset.action;
  if (view.screen === "warn-timeout" && !cover && !LOCAL.has(action)) send("more-time");
  else link.touched(view.rev, !action || UNHEARD.test(action));
}

// A new window, a search, another size: a keyboard that somebody brought asks the browser for nothing. Started as an
// app (see locker-kiosk) the browser lets the page hear every key first.
function isTheBrowsers(event) {
  const combined = event.ctrlKey || event.altKey || event.metaKey || (event.shiftKey && event.key === "Escape");
  return combined || !PAGE_KEYS.test(event.key);
}

function onKey(event) {
  if (isTheBrowsers(event)) return event.preventDefault();
  if (view.screen === "warn-timeout" && !CONTROL_KEYS.has(event.key)) send("more-time");
  if (document.querySelector("dialog[open]") || cover) return;
  link.touched(view.rev);
  const onControl = event.target.closest?.("button");
  if (/^[0-9]$/.test(event.key)) typed.press(event.key);
  else if (typed.task?.letters && /^[a-z-]$/i.test(event.key)) typed.press(event.key.toUpperCase());
  else if (event.key === "Backspace") typed.erase();
  else if (event.key === "Enter" && !onControl) typed.send();
  else if (event.key === "Escape" && document.querySelector('.place:not(.hidden) [data-action="back"]')) send("back");
  else return;
  event.preventDefault();
}

// The panel's size in millimetres decides the arrangement; a media query cannot know millimetres.
function measure() {
  const root = document.documentElement;
  root.style.setProperty("--mm", `${facts.pxPerMm}px`);
  const [width, height] = [innerWidth / facts.pxPerMm, innerHeight / facts.pxPerMm];
  root.dataset.format = height > width ? "portrait" : height < 115 ? "compact" : "wide";
}

// No link leads out, not even to the browser's own page that says no: it is stopped before anybody is asked for it.
function stay(event) {
  if (new URL(event.destination.url).origin !== location.origin) event.preventDefault();
}

async function start() {
  measure();
  addEventListener("resize", measure);
  addEventListener("pointerdown", press, { capture: true, passive: true });
  for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, lift, { capture: true, passive: true });
  addEventListener("pointerdown", onTouch, { passive: true });
  addEventListener("keydown", onKey);
  addEventListener("contextmenu", (event) => event.preventDefault());
  addEventListener("dragstart", (event) => event.preventDefault());
  navigation.addEventListener("navigate", stay);
  await Promise.all([loadTexts(), loadLayout()]);
  setLanguage(facts.languages[0]);
  if (!facts.ours) return show("closed");
  draw(true);
  link.open();
}

start();
