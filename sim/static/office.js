// The back office's page: draws what `/view` says, again at every change, and posts what a person asks for.

const $ = (selector) => document.querySelector(selector);
const GOOD = new Set(["opened", "done"]);
const BAD = new Set(["failed", "rejected", "expired", "unknown"]);
const RETRY_MS = 1000;
let chosen = new URLSearchParams(location.search).get("locker") || "";
let number = 0;
let waiting = null;

function element(tag, words = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = words;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

const clock = (at) => {
  const moment = typeof at === "number" ? new Date(at * 1000) : new Date(at);
  return Number.isNaN(moment.getTime()) ? "" : moment.toLocaleTimeString();
};

function row(...cells) {
  const made = document.createElement("tr");
  for (const cell of cells) {
    const place = element("td");
    place.append(cell);
    made.append(place);
  }
  return made;
}

function fill(place, children, nothing) {
  const body = $(place);
  const table = body.tagName === "TBODY";
  const empty = table ? row("") : element("li", nothing, { class: "nothing" });
  if (table) {
    empty.firstChild.textContent = nothing;
    empty.firstChild.className = "nothing";
    empty.firstChild.colSpan = 8;
  }
  body.replaceChildren(...(children.length ? children : [empty]));
}

// ---- drawing --------------------------------------------------------------------------------------------------------

function draw(told) {
  document.body.dataset.live = "yes";
  const select = $("#locker");
  const names = told.lockers.map((one) => one.id);
  if (names.join() !== [...select.options].map((one) => one.value).join()) {
    select.replaceChildren(...told.lockers.map((one) => element("option", one.id, { value: one.id })));
  }
  const view = told.view;
  if (!view) {
    $("#presence").textContent = "no locker was heard yet";
    return;
  }
  select.value = chosen = view.id;
  drawPresence(view);
  drawDoors(view.picture.doors);
  drawStays(view.picture.stays);
  drawExpected(view.expected);
  drawCommands(view.commands);
  drawMessages(view.messages);
  drawTail(view);
  const version = view.documents.couriers || 0;
  const standing = (view.state.documents || {}).couriers || {};
  const applied = Math.max(standing.version || 0, view.picture.applied.couriers || 0);
  const refused = standing.reason && applied < version ? `, refused: ${standing.reason}` : "";
  $("#couriers-version").textContent = version
    ? `version ${version}; the locker has ${applied}${refused} · ${view.couriers.map((one) => one.id).join(", ")}`
    : "none was sent from here";
}

function drawPresence(view) {
  const there = view.presence;
  $("#presence").dataset.online = there.online ? "yes" : "no";
  $("#presence").textContent = there.online ? `online, agent ${there.agent}` : "offline";
  const state = view.state;
  const counts = view.counts;
  const facts = [
    there.version && `version ${there.version}`,
    there.clockquality && `clock ${there.clockquality}`,
    `${view.picture.last} events here`,
    `${counts.doubles} doubles, ${counts.gaps} gaps`,
    state.deposits === false && "deposits stopped",
    (state.alarms || []).length && `alarms: ${state.alarms.map((one) => `${one.code} ${one.place}`).join(", ")}`,
    view.picture.restored && "its ledger was restored",
  ];
  $("#facts").textContent = facts.filter(Boolean).join(" · ");
}

function drawDoors(doors) {
  const target = $("#unlock").elements.compartment.value;
  $("#doors").replaceChildren(
    ...doors.map((one) => {
      const button = element("button", "", {
        type: "button",
        class: "door",
        "data-number": one.number,
        "data-door": one.door,
        "data-contents": one.contents,
        "data-condition": one.condition,
        "aria-pressed": String(one.number === target),
        "aria-label": `door ${one.number}, ${one.door}, ${one.contents}, ${one.condition}`,
      });
      const words = one.door === "open" ? "OPEN" : one.condition === "ok" ? one.contents : one.condition.replaceAll("_", " ");
      button.append(element("b", one.number), element("small", `${one.size} ${words}`));
      button.addEventListener("click", () => choose(one.number));
      return button;
    }),
  );
}

function choose(door) {
  $("#unlock").elements.compartment.value = door;
  for (const one of document.querySelectorAll(".door")) one.setAttribute("aria-pressed", String(one.dataset.number === door));
}

function drawStays(stays) {
  const rows = stays.map((one) => {
    const lies = ["stored", "overdue", "refused"].includes(one.status);
    const phone = one.phone ? `…${one.phone}` : "";
    const waybill = one.waybill || (one.parcels > 1 ? `${one.parcels} parcels` : "");
    return row(one.compartment, waybill, one.carrier, one.courier, phone, one.status, clock(one.since), lies ? deeds(one) : "");
  });
  fill("#stays tbody", rows, "No parcel yet. Pre-advise one and deposit it at the kiosk.");
}

function deeds(stay) {
  const bar = element("div", "", { class: "buttons" });
  const order = (cmd, more) => post("orders", { cmd, args: { stay: stay.id, operator: "support-1", ...more } });
  const rows = [
    ["Open…", () => (choose(stay.compartment), $("#unlock").elements.reason.focus())],
    ["New code", () => order("reissue_code", { reason: "the code was lost" })],
    ["+24 h", () => order("extend_retention", { hours: 24 })],
    ["Recall", () => order("recall", { reason: "asked by the sender" })],
  ];
  for (const [words, deed] of rows) {
    const button = element("button", words, { type: "button", "aria-label": `${words}, door ${stay.compartment}` });
    button.addEventListener("click", deed);
    bar.append(button);
  }
  return bar;
}

function drawExpected(expected) {
  const rows = expected.map((one) => {
    const line = element("li", [one.waybill, one.carrier, one.size, one.phone && `…${one.phone.slice(-4)}`].filter(Boolean).join(" · "));
    const button = element("button", "Take back", { type: "button" });
    button.addEventListener("click", () => post("expected", { drop: [one.waybill] }));
    line.append(button);
    return line;
  });
  fill("#expected", rows, "Nothing is expected.");
}

function drawCommands(commands) {
  const rows = commands.map((one) => {
    const status = element("span", one.code ? `${one.status} (${one.code})` : one.status);
    status.className = GOOD.has(one.status) ? "good" : BAD.has(one.status) ? "bad" : "";
    const about = [one.args.compartment && `door ${one.args.compartment}`, one.args.reason].filter(Boolean).join(", ");
    return row(clock(one.at), `${one.cmd} ${about}`, status, result(one));
  });
  fill("#commands tbody", rows, "No command yet.");
}

function result(command) {
  const doors = command.result.doors;
  if (doors && Object.keys(doors).length > 3) {
    const open = Object.keys(doors).filter((door) => doors[door] !== "closed");
    return `${Object.keys(doors).length} doors read; ${open.length ? `not closed: ${open.join(", ")}` : "all closed"}`;
  }
  if (/^[A-Z]+-\d+$/.test(command.code)) return `lockerctl explain ${command.code} says why`;
  const text = JSON.stringify(command.result);
  return text === "{}" ? "" : text;
}

function drawMessages(messages) {
  fill(
    "#messages",
    messages.map((one) => element("li", `${clock(one.at)} ${one.text}`)),
    "None yet. A recipient's code shows here and in the terminal, and nowhere else.",
  );
}

function drawTail(view) {
  $("#journal-facts").textContent = view.picture.epoch ? `epoch ${view.picture.epoch}, newest first` : "";
  fill(
    "#tail tbody",
    view.picture.tail.map((one) => row(one.sequence, clock(one.at), one.type, one.says)),
    "No event yet.",
  );
}

// ---- asking ---------------------------------------------------------------------------------------------------------

function note(words) {
  $("#note").hidden = !words;
  $("#note").textContent = words;
}

async function post(what, body) {
  note("");
  const answer = await fetch(`/lockers/${encodeURIComponent(chosen)}/${what}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) note(told.error);
  return answer.ok;
}

const values = (form) => Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));

$("#unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  post("orders", { cmd: "unlock", args: values(event.target) });
});

$("#expect").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (await post("expected", { put: [values(event.target)] })) event.target.elements.waybill.value = "";
});

$("#couriers").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await post("documents/couriers", JSON.parse(event.target.elements.body.value));
  } catch (error) {
    note(`The list is no JSON: ${error.message}`);
  }
});

$("#couriers").elements.file.addEventListener("change", async (event) => {
  const file = event.target.files[0];
  if (file) $("#couriers").elements.body.value = await file.text();
});

for (const button of document.querySelectorAll("[data-order]")) {
  const reason = button.dataset.reason;
  const args = reason ? { reason, operator: "support-1" } : {};
  button.addEventListener("click", () => post("orders", { cmd: button.dataset.order, args }));
}

$("#unlock").elements.compartment.addEventListener("input", (event) => choose(event.target.value));

$("#locker").addEventListener("change", (event) => {
  chosen = event.target.value;
  number = 0;
  waiting?.abort();
});

async function follow() {
  for (;;) {
    try {
      waiting = new AbortController();
      const query = new URLSearchParams({ locker: chosen, after: String(number) });
      const told = await (await fetch(`/view?${query}`, { signal: waiting.signal })).json();
      number = told.number;
      draw(told);
    } catch (error) {
      if (error.name === "AbortError") continue;
      document.body.dataset.live = "no";
      number = 0;
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }
}

$("#couriers").elements.body.placeholder = '[{"id": "1001", "carrier": "SF", "badge": "demo-badge", "pin": "2468"}]';
follow();
