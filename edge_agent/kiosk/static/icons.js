// Our own line drawings on a 24 × 24 grid. An icon never stands alone: a word is always beside it.

import { svg } from "./h.js";

const PATHS = {
  back: "M19 12H5M11 6l-6 6 6 6",
  help: "M9 9a3 3 0 1 1 4.2 2.8c-.9.4-1.2 1-1.2 2.2M12 17.5v.5M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z",
  display: "M3 18 8 6l5 12M4.8 14h6.4M14 18l3.5-8 3.5 8M15.2 15.5h4.6",
  done: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM7.5 12.5l3 3 6-6.5",
  attention: "M12 3.5 22 20.5H2zM12 10v4.5M12 17.2v.6",
  refused: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM8.5 8.5l7 7M15.5 8.5l-7 7",
  parcel: "M12 2.5 21 7v10l-9 4.5L3 17V7zM3 7l9 4.5L21 7M12 11.5v10M7.5 4.8l9 4.5",
  door: "M5 2.5h14v19H5zM15 11v3M2.5 21.5h19",
  lock: "M5 11h14v10H5zM8 11V7.5a4 4 0 0 1 8 0V11M12 15v2.5",
  scan: "M3 7V3.5h4M17 3.5h4V7M21 17v3.5h-4M7 20.5H3V17M6.5 8v8M9.5 8v8M13 8v8M15.5 8v8M18 8v8",
  wait: "M6 2.5h12M6 21.5h12M7.5 2.5c0 5 9 5.5 9 9.5s-9 4.5-9 9.5M16.5 2.5c0 5-9 5.5-9 9.5s9 4.5 9 9.5",
  tool: "M14.5 6.5a4.5 4.5 0 0 0-6 5.5L3 17.5 6.5 21 12 15.5a4.5 4.5 0 0 0 5.5-6L14.5 12.5 11.5 9.5z",
  cloud: "M7 18.5a4.5 4.5 0 0 1-.5-9 6 6 0 0 1 11.5 1.5 3.8 3.8 0 0 1-.5 7.5z",
  courier: "M12 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4 21c0-4.5 3.5-7 8-7s8 2.5 8 7",
  more: "M5 9l7 7 7-7",
  star: "M12 3l2.7 5.8 6.3.8-4.6 4.3 1.2 6.2L12 17l-5.6 3.1 1.2-6.2L3 9.6l6.3-.8z",
};

export function icon(name, className = "icon") {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", class: className, "aria-hidden": "true" },
    svg("path", { d: PATHS[name] }),
  );
}
