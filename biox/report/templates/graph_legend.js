"use strict";
// What is said of a protein, and what the colours and lines of a graph mean.
(function () {
  const { made, drawn, figures, COLOURS } = bioxGraph;
  const nodeWords = (data, i) => [data.names[i], data.predicted[i] ? "held-out correlation " + figures(data.r[i]) : "not predicted (correlation " + figures(data.r[i]) + "): no edges are kept",
    data.degree[i] ? "community " + (data.community[i] + 1) + ", " + data.degree[i] + " kept edge" + (data.degree[i] > 1 ? "s" : "") + (data.hub[i] ? ", a hub" : "") : "no kept edge"];

  // What colours, lines and rings mean; the sizes of the communities count proteins with an edge.
  function legend(element, data) {
    const sizes = new Map();
    data.names.forEach((_, i) => { if (data.degree[i]) sizes.set(data.community[i], (sizes.get(data.community[i]) || 0) + 1); });
    const add = (swatch, words) => { const key = element.appendChild(made("span", "graph-key")); key.append(swatch, words); };
    const picture = (...parts) => { const s = drawn("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" }); s.append(...parts); return s; };
    const round = (look, own) => drawn("circle", { cx: 13, cy: 6, r: 4.5, class: look, style: "--own:" + own });
    for (const [look, words] of [["raises", "raises the prediction"], ["lowers", "lowers it"], ["mixed", "mixed"]])
      add(picture(drawn("path", { d: "M1 6H25", class: "edge " + look, "stroke-width": 2.4 })), words);
    const first = [...sizes.keys()].sort((p, q) => p - q).filter((k) => k < COLOURS);
    for (const k of first) add(picture(round("protein", "var(--c" + k + ")")), "community " + (k + 1) + " (" + sizes.get(k) + ")");
    if (sizes.size > first.length) add(picture(round("protein", "var(--soft)")), "smaller communities");
    if (data.hub.some(Boolean)) add(picture(round("hub", ""), drawn("circle", { cx: 13, cy: 6, r: 2.5, class: "protein", style: "--own:var(--soft)" })), "hub");
    if (data.predicted.some((known) => !known)) add(picture(round("protein unpredicted", "var(--soft)")), "not predicted");
  }
  Object.assign(bioxGraph, { nodeWords, legend });
})();
