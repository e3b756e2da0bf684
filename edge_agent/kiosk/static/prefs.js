// Display and voice, chosen by the person in front of the screen and forgotten with their session. Held in memory only.

const NAMES = ["large", "contrast", "low", "speech"];
const FORGET_MS = 60000; // chosen on the idle screen, but nobody went on

const chosen = Object.fromEntries(NAMES.map((name) => [name, false]));
let forget = 0;

export const preferences = NAMES;

export function isOn(name) {
  return chosen[name];
}

export function toggle(name) {
  chosen[name] = !chosen[name];
  show();
}

export function reset() {
  for (const name of NAMES) chosen[name] = false;
  show();
}

// While nobody has a session, a choice lasts a minute after the last touch.
export function idleFrom(session, changed) {
  clearTimeout(forget);
  if (session || !NAMES.some(isOn)) return;
  forget = setTimeout(() => {
    reset();
    changed();
  }, FORGET_MS);
}

function show() {
  for (const name of NAMES) document.documentElement.toggleAttribute(`data-${name}`, chosen[name]);
}
