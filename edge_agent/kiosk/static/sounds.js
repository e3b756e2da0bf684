// Four earcons, made here: nothing to load, and known without looking. Each note: [frequency Hz, start s, length s].

const EARCONS = {
  tick: [[1760, 0, 0.05]],
  accepted: [[660, 0, 0.1], [990, 0.12, 0.16]],
  refused: [[330, 0, 0.14], [220, 0.16, 0.24]],
  attention: [[520, 0, 0.06], [520, 0.18, 0.06], [520, 0.36, 0.06]],
};
const LEVEL = 0.35;

let context = null;

export function play(name) {
  const notes = EARCONS[name];
  if (!notes) return;
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume(); // a browser may want a touch first; then the next one sounds
  for (const [frequency, start, length] of notes) note(frequency, context.currentTime + start, length);
}

function note(frequency, at, length) {
  const tone = context.createOscillator();
  const gain = context.createGain();
  tone.type = "triangle";
  tone.frequency.value = frequency;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(LEVEL, at + 0.01); // no click at either end
  gain.gain.linearRampToValueAtTime(0, at + length);
  tone.connect(gain).connect(context.destination);
  tone.start(at);
  tone.stop(at + length + 0.02);
}

let voice = null;

// A phrase rendered by the agent; `url` is null where there is no speech.
export function say(url) {
  hush();
  if (!url) return;
  voice = new Audio(url);
  voice.play().catch(() => {}); // no sound device, or no touch yet: the picture still says it
}

export function hush() {
  voice?.pause();
  voice = null;
}
