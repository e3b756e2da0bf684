// What is being typed: the only state the page holds, in memory, gone with the screen. Never in a URL, title or store.

const SEND_AFTER_MS = 250; // so that the eye can check the last digit
const ANSWER_MS = 3000; // an answer that stays away must not leave dead keys
const PEEK_MS = 800; // the last digit of a PIN stays readable for a moment

let value = "";
let task = null; // { min, max, masked, letters, keeps, send(digits) }
let busy = false;
let peeking = false;
let sendTimer = 0;
let peekTimer = 0;
const watchers = new Set();

function changed() {
  for (const watcher of watchers) watcher();
}

function empty() {
  clearTimeout(sendTimer);
  clearTimeout(peekTimer);
  value = "";
  busy = peeking = false;
}

function peek() {
  clearTimeout(peekTimer);
  peeking = task.masked;
  peekTimer = setTimeout(() => {
    peeking = false;
    changed();
  }, PEEK_MS);
}

function deliver(digits) {
  task?.send(digits);
  sendTimer = setTimeout(() => (typed.keeps ? typed.answered() : typed.clear()), ANSWER_MS);
}

export const typed = {
  get length() {
    return value.length;
  },
  // Sent, and not answered yet.
  get sent() {
    return busy;
  },
  get task() {
    return task;
  },
  // The question of the present screen; what was typed stays when it is asked again.
  ask(next) {
    task = next;
  },
  // The answer to something long: it stays, to be put right where it was refused.
  get keeps() {
    return Boolean(task?.keeps);
  },
  answered() {
    clearTimeout(sendTimer);
    busy = false;
    changed();
  },
  // Another screen, another person, or the answer came: forget everything.
  wipe() {
    empty();
    task = null;
    changed();
  },
  press(digit) {
    if (!task || busy || value.length >= task.max) return;
    value += digit;
    peek();
    changed();
    if (task.min === task.max && value.length === task.max) this.send();
  },
  erase() {
    if (busy) return;
    value = value.slice(0, -1);
    peeking = false;
    changed();
  },
  clear() {
    empty();
    changed();
  },
  // Fixed lengths send themselves after a moment; others by the OK key.
  send() {
    if (!task || busy || value.length < task.min) return;
    busy = true;
    const digits = value;
    sendTimer = setTimeout(() => deliver(digits), task.min === task.max ? SEND_AFTER_MS : 0);
  },
  // One string a digit, as the boxes show it: a PIN as dots.
  shown() {
    return [...value].map((digit, index) => (!task?.masked || (peeking && index === value.length - 1) ? digit : "•"));
  },
  watch(watcher) {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  },
};
