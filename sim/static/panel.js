// The panel of the pretend cabinet: draws what the control API says and hands back what a person does.
// It keeps nothing: on every (re)connection the whole state is read again, then server-sent events change it.

const FRAMES_SHOWN = 60;
const TALL_PER_MM = 0.18;
const byId = (id) => document.getElementById(id);
const compartments = new Map();
let known = [];

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

async function ask(path, method = "GET", body = undefined) {
  const answer = await fetch(path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const told = await answer.json();
  byId("note").textContent = answer.ok ? "" : told.error;
  return answer.ok ? told : null;
}

function drawCabinet(geometry, doors) {
  byId("locker").textContent = geometry.locker;
  const sizes = new Map(doors.map((door) => [door.number, door.size]));
  compartments.clear();
  byId("cabinet").replaceChildren(...geometry.columns.map((column) => {
    const drawn = element("div", "column");
    if (column.screen) drawn.append(element("div", "screen", "screen"));
    drawn.append(...column.doors.map((number) => drawDoor(number, geometry.heights_mm[sizes.get(number)] ?? 190)));
    return drawn;
  }));
}

function drawDoor(number, heightMm) {
  const drawn = element("div", "compartment");
  drawn.style.setProperty("--tall", String(Math.round(heightMm * TALL_PER_MM)));
  const panel = element("button", "panel", number);
  const parcel = element("button", "parcel");
  panel.addEventListener("click", () => moveDoor(number));
  parcel.addEventListener("click", () => moveParcel(number));
  drawn.append(panel, parcel);
  drawn.dataset.number = number;
  compartments.set(number, drawn);
  return drawn;
}

function showDoor(door) {
  const drawn = compartments.get(door.number);
  if (!drawn) return;
  Object.assign(drawn.dataset, { door: door.door, inside: door.inside, sensor: door.sensor, latch: door.latch });
  const [panel, parcel] = drawn.children;
  panel.setAttribute("aria-label", `door ${door.number}, ${door.door}`);
  parcel.textContent = door.inside === "parcel" ? "take" : "put";
  parcel.setAttribute("aria-label", `${parcel.textContent} a parcel, compartment ${door.number}`);
}

async function moveDoor(number) {
  const open = compartments.get(number).dataset.door === "open";
  const told = await ask(`/doors/${encodeURIComponent(number)}`, "POST", { hand: open ? "close" : "open" });
  if (told && !told.moved) byId("note").textContent = `door ${number} does not move`;
  if (told) showDoor(told);
}

async function moveParcel(number) {
  const inside = compartments.get(number).dataset.inside === "parcel" ? "empty" : "parcel";
  const told = await ask(`/doors/${encodeURIComponent(number)}`, "POST", { inside });
  if (told) showDoor(told);
}

function showCoil(entry) {
  const drawn = compartments.get(entry.door);
  if (drawn) drawn.dataset.coil = entry.length_s === null ? "on" : "off";
}

function showFrame(frame) {
  const list = byId("frames");
  list.append(element("li", frame.direction === ">" ? "out" : "in",
    `${frame.bus} ${frame.direction} ${frame.hex}  ${frame.meaning}`));
  while (list.children.length > FRAMES_SHOWN) list.firstChild.remove();
  list.scrollTop = list.scrollHeight;
}

function showFaults(active) {
  byId("faults").replaceChildren(...active.map((fault) => {
    const line = element("li", "", `${fault.name} ${fault.door ?? fault.board ?? fault.port ?? fault.bus ?? ""} `);
    const clear = element("button", "", "clear");
    clear.type = "button";
    clear.addEventListener("click", () => ask(`/faults/${fault.id}`, "DELETE"));
    line.append(clear);
    return line;
  }));
}

function choices(select, rows) {
  select.replaceChildren(...rows.map((row) => new Option(row.name, row.name)));
}

function explainFault() {
  const kind = known.find((row) => row.name === byId("fault").elements.name.value);
  if (!kind) return;
  byId("says").textContent = `${kind.says} (${kind.rows.join(", ")})`;
  byId("fault").elements.params.value = JSON.stringify(kind.params);
}

async function readAll() {
  const [geometry, { doors }, { scanners }, faults] = await Promise.all(
    ["/cabinet", "/doors", "/scanners", "/faults"].map((path) => ask(path)));
  known = faults.known;
  drawCabinet(geometry, doors);
  doors.forEach(showDoor);
  choices(byId("scan").elements.scanner, scanners);
  choices(byId("fault").elements.name, known);
  explainFault();
  showFaults(faults.active);
  document.body.dataset.live = "yes";
}

byId("scan").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target.elements;
  const told = await ask(`/scanners/${encodeURIComponent(form.scanner.value)}`, "POST", { text: form.text.value });
  if (told && !told.read) byId("note").textContent = "the scanner is not reading";
});

byId("fault").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target.elements;
  try {
    ask("/faults", "POST", { ...JSON.parse(form.params.value), name: form.name.value });
  } catch {
    byId("note").textContent = "the parameters are no JSON";
  }
});
byId("fault").elements.name.addEventListener("change", explainFault);

const events = new EventSource("/events");
events.addEventListener("hello", readAll);
events.addEventListener("door", (event) => showDoor(JSON.parse(event.data)));
events.addEventListener("coil", (event) => showCoil(JSON.parse(event.data)));
events.addEventListener("frame", (event) => showFrame(JSON.parse(event.data)));
events.addEventListener("faults", (event) => showFaults(JSON.parse(event.data).active));
events.addEventListener("error", () => { document.body.dataset.live = "no"; });
