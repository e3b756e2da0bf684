// <lk-map>: the front of the real cabinet to scale, with its screen; the open door green, ringed and numbered large.

import { svg } from "./h.js";
import { t } from "./texts.js";

const GAP = 12; // mm between doors, as in the layout
const EDGE = 45; // mm of sheet metal around everything

let layout = { columns: [], height_mm: 1, places: {} };

export async function loadLayout() {
  layout = await (await fetch("/layout.json")).json();
}

// "Left of the screen, column 2 from the left, 3 from the top, knee height".
export function placeInWords(door) {
  const place = layout.places[door];
  if (!place) return "";
  const parts = [
    place.side ? t(`place.side.${place.side}`) : "",
    place.side === "below" ? "" : t("place.column", { n: place.column }),
    t(`place.row.${place.row_from}`, { n: place.row }),
    t(`place.reach.${place.reach}`),
  ];
  return parts.filter(Boolean).join(t("place.join"));
}

class DoorMap extends HTMLElement {
  connectedCallback() {
    const open = this.getAttribute("door") ?? "";
    const width = layout.columns.reduce((sum, column) => sum + column.width_mm + GAP, GAP) + 2 * EDGE;
    const height = layout.height_mm + GAP + 2 * EDGE;
    const name = open ? t("map.label", { door: open, place: placeInWords(open) }) : t("map.label-all");
    this.replaceChildren(
      svg(
        "svg",
        { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name, class: "map" },
        this.#draw(open, width, height),
      ),
    );
  }

  #draw(open, width, height) {
    const shapes = [svg("rect", { class: "case", width, height, rx: 40 })];
    let x = EDGE + GAP;
    let found = null;
    for (const column of layout.columns) {
      let y = EDGE + GAP;
      if (column.screen) {
        const free = layout.height_mm - column.doors.reduce((sum, door) => sum + door.height_mm + GAP, 0);
        shapes.push(...panel(x, y, column.width_mm, free - GAP)); // the screen takes what the doors leave
        y += free;
      }
      for (const door of column.doors) {
        const box = { x, y, w: column.width_mm, h: door.height_mm, number: door.number };
        if (door.number === open) found = box;
        else shapes.push(...closedDoor(box));
        y += door.height_mm + GAP;
      }
      x += column.width_mm + GAP;
    }
    return found ? [...shapes, ...openDoor(found, width, height)] : shapes;
  }
}

function panel(x, y, w, h) {
  const high = Math.min(h * 0.75, w * 1.1);
  const top = y + (h - high) / 2;
  return [
    svg("rect", { class: "panel", x, y, width: w, height: h, rx: 10 }),
    svg("rect", { class: "glass", x: x + w * 0.12, y: top, width: w * 0.76, height: high, rx: 14 }),
  ];
}

function closedDoor({ x, y, w, h, number }) {
  const size = numberSize(w, h, number);
  return [
    svg("rect", { class: "door", x, y, width: w, height: h, rx: 6 }),
    svg("text", { class: "number", x: x + w / 2, y: y + h / 2, "font-size": size }, number),
  ];
}

// The number of the open door is at least twice the size of the others, so its green plate may be larger than the door.
function openDoor({ x, y, w, h, number }, width, height) {
  const size = Math.max(numberSize(w, h, number) * 2, height / 13);
  const plateW = Math.max(w, size * (0.75 * number.length + 0.5));
  const plateH = Math.max(h, size * 1.2);
  const left = clamp(x + w / 2 - plateW / 2, 30, width - plateW - 30);
  const top = clamp(y + h / 2 - plateH / 2, 30, height - plateH - 30);
  const ring = 26;
  return [
    svg(
      "rect",
      { class: "ring", x: left - ring, y: top - ring, width: plateW + 2 * ring, height: plateH + 2 * ring, rx: 34 },
    ),
    svg("rect", { class: "door open", x: left, y: top, width: plateW, height: plateH, rx: 12 }),
    svg("text", { class: "number open", x: left + plateW / 2, y: top + plateH / 2, "font-size": size }, number),
  ];
}

function numberSize(w, h, number) {
  return Math.min(h * 0.78, 96, (w * 0.8) / (0.65 * number.length));
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

customElements.define("lk-map", DoorMap);
