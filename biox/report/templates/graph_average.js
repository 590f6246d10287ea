"use strict";
// The average graph: which group, how many edges, how strong, which pathway; a click on a protein shows its neighbours.
bioxGraph.whenSeen("figure.graph-average", (figure) => {
  const { made, figures, percent, sign } = bioxGraph;
  const data = JSON.parse(figure.querySelector("script.graph-data").textContent);
  const part = (name) => figure.querySelector(".graph-" + name);
  const side = part("side"), NEIGHBOURS = 25, LISTED = 12;
  const steps = [5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 600, 800, 1000, 1500, 2000, 3000];
  const state = { chosen: null, edges: [], shown: [] };
  const numbers = (all) => all.a.map((a, k) => ({ a, b: all.b[k], w: all.w[k], sign: all.sign[k], forward: all.forward[k], backward: all.backward[k],
    kept: all.kept ? all.kept[k] : null, q: all.q ? all.q[k] : null, folds: all.folds ? all.folds[k] : null, seeds: all.seeds ? all.seeds[k] : null }));
  const groups = data.edges.map(numbers);
  const keptPairs = new Set(groups[0].filter((e) => e.kept).map((e) => e.a + " " + e.b));
  groups.slice(1).forEach((edges) => edges.forEach((e) => { e.kept = keptPairs.has(e.a + " " + e.b) ? 1 : 0; }));

  const verdict = { raises: "mostly raises the prediction", lowers: "mostly lowers the prediction", mixed: "raises it in some patients, lowers it in others" };
  function edgeWords(e) {
    const [a, b] = [data.names[e.a], data.names[e.b]];
    const words = [a + " – " + b, "strength " + figures(e.w) + "; " + verdict[sign(e.sign)], a + " for " + b + ": " + figures(e.forward), b + " for " + a + ": " + figures(e.backward)];
    if (e.q !== null) words.push("against the null: q = " + figures(e.q));
    if (e.folds !== null) words.push("found in " + percent(e.folds) + " of the folds" + (e.seeds === null ? "" : ", " + percent(e.seeds) + " of further seeds"));
    return words;
  }
  const drawing = bioxGraph.stage(part("stage"), data, {
    words: (found) => found.edge ? edgeWords(found.edge) : bioxGraph.nodeWords(data, found.node),
    click: (found) => choose(found && found.node !== undefined && found.node !== state.chosen ? found.node : null),
  });

  function row(words, edge) {
    const line = made("tr");
    const bar = made("i", sign(edge.sign));
    bar.style.width = Math.round(100 * edge.w / state.most) + "%";
    const cell = made("td", "n", figures(edge.w));
    const size = made("td", "bar");
    size.append(bar);
    const name = made("td", "", words);
    if (edge.kept && !part("kept").checked) name.className = "strong";
    line.append(name, cell, size);
    return line;
  }
  function list(title, rows, note) {
    const table = made("table");
    table.append(...rows);
    side.replaceChildren(made("p", "side-title", title), table, made("p", "note", note));
  }
  function choose(i) {
    state.chosen = i;
    part("find").value = i === null ? "" : data.names[i];
    update();
  }
  const own = (i) => state.edges.filter((e) => e.a === i || e.b === i).slice(0, NEIGHBOURS);

  function tell() {
    const i = state.chosen, kept = keptPairs.size && !part("kept").checked ? " Bold: kept in the graph of all." : "";
    if (i !== null) {
      const edges = own(i), [first, ...more] = bioxGraph.nodeWords(data, i);
      const rows = edges.map((e) => row(data.names[e.a === i ? e.b : e.a], e));
      list(first, rows, more.join("; ") + ". " + (edges.length ? "Its strongest edges." + kept : "It has no edge here."));
    } else {
      const rows = state.shown.slice(0, LISTED).map((e) => row(data.names[e.a] + " – " + data.names[e.b], e));
      list("Strongest edges shown", rows, "Click a protein to see its neighbours." + kept);
    }
  }
  function update() {
    const group = Number(part("group").value), within = data.pathways[part("pathway").value];
    const inside = within ? new Set(within[1]) : null;
    state.edges = groups[group];
    state.most = state.edges.length ? state.edges[0].w : 1;
    const least = Math.pow(part("strength").value / 100, 2) * state.most, top = steps[part("top").value];
    const wanted = state.edges.filter((e) => e.w >= least && (!part("kept").checked || e.kept) && (!inside || (inside.has(e.a) && inside.has(e.b))));
    state.shown = wanted.slice(0, top);
    part("top-value").textContent = wanted.length <= top ? wanted.length + " (all)" : top;
    part("strength-value").textContent = figures(least);
    let edges = state.shown, strong = inside;
    if (state.chosen !== null) {
      const near = own(state.chosen);
      strong = new Set([state.chosen, ...near.flatMap((e) => [e.a, e.b])]);
      edges = [...new Set([...near, ...edges])].sort((e, f) => f.w - e.w);
    }
    const faint = strong && new Set([...data.names.keys()].filter((i) => !strong.has(i)));
    drawing.show({ edges, faint, strong, chosen: state.chosen, scale: state.most });
    part("empty").hidden = edges.length > 0;
    tell();
  }

  part("group").replaceChildren(...data.groups.map((name, k) => new Option(name === "all" ? "all" : name, k)));
  part("group").closest("label").hidden = data.groups.length < 2;
  part("pathway").replaceChildren(new Option("any", -1), ...data.pathways.map(([name, rows], k) => new Option(name + " (" + rows.length + ")", k)));
  part("pathway").closest("label").hidden = !data.pathways.length;
  // A few kept edges alone are no picture: then the strongest are shown, and the kept ones are bold in the list.
  part("kept").checked = 2 * keptPairs.size >= data.names.length;
  part("kept").closest("label").hidden = !keptPairs.size;
  while (steps.length > 1 && steps[steps.length - 2] >= groups[0].length) steps.pop();
  part("top").max = steps.length - 1;
  const enough = steps.findIndex((step) => step >= data.first);
  part("top").value = enough < 0 ? steps.length - 1 : enough;
  const names = part("names");
  names.id = "graph-names-" + [...document.querySelectorAll(".graph-names")].indexOf(names);
  part("find").setAttribute("list", names.id);
  names.replaceChildren(...data.names.map((name) => new Option("", name)));
  part("find").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase(), all = data.names.map((name) => name.toLowerCase());
    const near = wanted ? all.flatMap((name, i) => name.includes(wanted) ? [i] : []) : [];
    state.chosen = all.includes(wanted) ? all.indexOf(wanted) : near.length === 1 ? near[0] : null;
    update();
  });
  for (const name of ["group", "pathway", "kept"]) part(name).addEventListener("change", update);
  for (const name of ["top", "strength"]) part(name).addEventListener("input", update);
  part("in").addEventListener("click", () => drawing.zoom(1.5));
  part("out").addEventListener("click", () => drawing.zoom(1 / 1.5));
  part("home").addEventListener("click", () => drawing.whole());
  figure.addEventListener("keydown", (event) => { if (event.key === "Escape") choose(null); });
  bioxGraph.legend(part("legend"), data);
  figure.drawing = drawing;
  update();
});
