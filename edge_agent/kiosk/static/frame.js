// The frame that is the same on every screen: languages above; back, help and display below.

import { facts } from "./facts.js";
import { h } from "./h.js";
import { icon } from "./icons.js";
import { button } from "./parts.js";
import { isOn, preferences, toggle } from "./prefs.js";
import { currentLanguage, languageName, t } from "./texts.js";

const WITHOUT_BACK = new Set(["please-wait", "out-of-service", "thanks", "warn-timeout"]);

export function header(view, send) {
  return h(
    "header",
    { class: "head" },
    h("p", { class: "site" }, icon("door"), h("span", {}, facts.name)),
    h(
      "nav",
      { class: "languages", "aria-label": t("chrome.language") },
      facts.languages.map((tag) => language(tag, send)),
    ),
  );
}

function language(tag, send) {
  return h(
    "button",
    {
      type: "button",
      lang: tag,
      "data-action": "language",
      "data-id": tag,
      "aria-label": languageName(tag),
      "aria-pressed": String(tag === currentLanguage()),
      onclick: () => send("language", { id: tag }),
    },
    h("span", { class: "full" }, languageName(tag)),
    h("span", { class: "short", "aria-hidden": "true" }, languageName(tag, "short")),
  );
}

export function footer(view, send, redraw) {
  const back = button("back", send, { mark: "back", kind: "secondary bar" });
  const help = button("help", send, { mark: "help", kind: "secondary bar", disabled: view.screen === "help" });
  const display = button(
    "display",
    () => panel(redraw),
    { mark: "display", kind: "secondary bar", label: t("chrome.display") },
  );
  // The idle screen has no way back: couriers find their door there. Elsewhere an unused place stays empty.
  const first = view.screen === "home" ? button("courier", send, { mark: "courier", kind: "secondary bar" }) : back;
  const endless = WITHOUT_BACK.has(view.screen) || view.vm?.step === "welcome"; // a sign leads nowhere back
  const place = h("span", { class: endless ? "place hidden" : "place" }, first);
  const events = view.vm?.waiting_events ?? 0;
  const waiting = events ? h("span", { class: "waiting" }, icon("cloud"), t("chrome.waiting", { n: events })) : null;
  const locker = h("span", { class: "locker" }, t("chrome.locker", { locker: facts.locker }));
  return h("footer", { class: "foot", "aria-label": t("chrome.frame") }, place, help, display, waiting, locker);
}

let dialog = null;

// Large text, contrast, low layout, speech: switches of this page alone.
function panel(redraw) {
  closePanel();
  const choices = preferences.filter((name) => name !== "speech" || facts.speech).map((name) => choice(name, redraw));
  dialog = h(
    "dialog",
    { class: "panel", "aria-labelledby": "panel-title" },
    h("h2", { id: "panel-title" }, t("display.title")),
    h("div", { class: "choices" }, choices),
    button("display-close", closePanel, { label: t("display.close"), kind: "primary" }),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function choice(name, redraw) {
  const flip = () => {
    toggle(name);
    element.setAttribute("aria-pressed", String(isOn(name)));
    element.lastChild.textContent = words(name);
    redraw();
  };
  const element = button(
    `display-${name}`,
    flip,
    { label: words(name), pressed: isOn(name), kind: "secondary choice" },
  );
  return element;
}

function words(name) {
  return `${t(`display.${name}`)} · ${t(isOn(name) ? "display.on" : "display.off")}`;
}

export function closePanel() {
  dialog?.close();
  dialog?.remove();
  dialog = null;
}
