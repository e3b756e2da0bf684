// What the shell says about this locker; written by the server into the attributes of <html>.

const data = document.documentElement.dataset;

export const facts = Object.freeze({
  ours: data.ours === "yes",
  locker: data.locker ?? "",
  name: data.name ?? "",
  hotline: data.hotline ?? "",
  languages: (data.languages ?? "zh-Hant").split(" "),
  pxPerMm: Number(data.pxPerMm) || 5.88,
  speech: data.speech === "yes",
  token: new URLSearchParams(location.search).get("token") ?? "",
});
