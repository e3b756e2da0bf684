// The catalogues of all languages, loaded once: the page can speak to people even when the agent is gone.

import { facts } from "./facts.js";

let catalogues = {};
let language = facts.languages[0];

export async function loadTexts() {
  catalogues = await (await fetch("/texts.json")).json();
}

export function setLanguage(tag) {
  language = tag;
  document.documentElement.lang = tag;
}

export function currentLanguage() {
  return language;
}

export function has(key) {
  return Boolean(catalogues[language]?.[key]);
}

// The text of a key with its {placeholders} filled.
export function t(key, args = {}) {
  const text = catalogues[language]?.[key] ?? key; // a missing text is seen at once, by people and by tests
  return text.replace(/\{(\w+)\}/g, (_, name) => args[name] ?? "");
}

// In its own words, whatever is spoken now; `part` is "name" or, where there is little room, "short".
export function languageName(tag, part = "name") {
  return catalogues[tag]?.[`language.${part}`] ?? tag;
}
