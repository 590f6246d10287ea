"use strict";
// Patients, one or two side by side: their strongest edges at the same places, and a table of them.
(function () {
  const { made, figures, percent, sign } = bioxGraph;
  const SHOWN = 40, OFFERED = 60;
  const scripts = new Map();
  // Each script beside the page calls this with its number and what it holds.
  window.bioxPatients = (number, value) => scripts.get(number)?.arrived(value);
  function fetched(folder, number) {
    if (!scripts.has(number)) {
      const one = {};
      one.promise = new Promise((arrived, failed) => {
        one.arrived = arrived;
        const script = made("script");
        script.src = folder + "/" + (number < 0 ? "patients.js" : "patients/" + String(number).padStart(3, "0") + ".js");
        script.onerror = () => { scripts.delete(number); failed(new Error("not found")); };
        document.head.append(script);
      });
      scripts.set(number, one);
    }
    return scripts.get(number).promise;
  }
  // The patients of a page, wherever they lie: names, types, and the edges of one by number.
  async function source(data) {
    if (data.people) return { types: data.types, people: data.people.map((p) => [p.name, p.type]), edges: async (k) => data.people[k].edges };
    const index = await fetched(data.folder, -1);
    return { types: index.types, people: index.people, edges: async (k) => {
      const flat = (await fetched(data.folder, Math.floor(k / index.each)))[k % index.each];
      return Array.from({ length: flat.length / 4 }, (_, j) => flat.slice(4 * j, 4 * j + 4));
    } };
  }

  function start(figure) {
    const data = JSON.parse(figure.querySelector("script.graph-data").textContent);
    const part = (name) => figure.querySelector(".graph-" + name);
    const panels = [...figure.querySelectorAll(".graph-person")].map((element) => ({ element, of: (name) => element.querySelector(".graph-" + name), edges: [], person: null }));
    const unusual = (p) => p === null ? "" : p >= 0.5 ? "stronger than in " + percent(p) + " of the cohort" : "weaker than in " + percent(1 - p) + " of the cohort";
    const key = (e) => e.a + " " + e.b;
    let top = 20;

    function rows(panel, shown, other) {
      const lines = [];
      for (const edge of shown) {
        const line = made("tr", other.has(key(edge)) ? "strong" : "");
        const name = made("td", "", data.names[edge.a] + " → " + data.names[edge.b]);
        const weight = made("td", "n " + sign(edge.sign), figures(edge.w)), share = made("td", "n", percent(edge.p));
        line.append(name, weight, share);
        line.addEventListener("pointerenter", () => panel.drawing.show({ lit: edge }));
        line.addEventListener("pointerleave", () => panel.drawing.show({ lit: null }));
        lines.push(line);
      }
      panel.of("rows").replaceChildren(...lines);
    }
    function paint() {
      const all = panels.flatMap((panel) => panel.edges.map((e) => Math.abs(e.w)));
      panels.forEach((panel, k) => {
        const shown = panel.edges.slice(0, top), other = panels[1 - k]?.edges.slice(0, top) || [];
        panel.drawing.show({ edges: shown, scale: Math.max(...all, 1e-12), lit: null });
        rows(panel, shown, new Set(other.map(key)));
      });
      const [first, second] = panels.map((panel) => new Set(panel.edges.slice(0, top).map(key)));
      const common = second && panels[1].person !== null ? [...first].filter((one) => second.has(one)).length : null;
      part("common").textContent = common === null ? "" : common + " of the " + top + " strongest edges in common (bold).";
      part("top-value").textContent = top;
    }
    function refused() { part("message").hidden = false; }

    function run(found) {
      async function choose(panel, k) {
        panel.person = k;
        const name = panel.of("find"), edges = k === null ? [] : await found.edges(k);
        if (panel.person !== k) return;
        name.value = k === null ? "" : found.people[k][0];
        panel.of("type").textContent = k === null || found.types.length < 2 ? "" : found.types[found.people[k][1]];
        panel.edges = edges.map(([a, b, w, p]) => ({ a, b, w, p, sign: Math.sign(w), directed: true }));
        paint();
      }
      const offered = () => {
        const type = Number(part("types").value);
        return [...found.people.keys()].filter((k) => type < 0 || found.people[k][1] === type);
      };
      panels.forEach((panel, number) => {
        const names = panel.of("names");
        names.id = "graph-people-" + number;
        panel.of("find").setAttribute("list", names.id);
        const offer = (wanted) => names.replaceChildren(...offered().filter((k) => found.people[k][0].toLowerCase().includes(wanted)).slice(0, OFFERED).map((k) => new Option("", found.people[k][0])));
        offer("");
        panel.of("find").addEventListener("focus", (event) => event.target.select());
        panel.of("find").addEventListener("input", (event) => {
          const wanted = event.target.value.trim(), k = found.people.findIndex((one) => one[0] === wanted);
          offer(wanted.toLowerCase());
          if (k >= 0) choose(panel, k).catch(refused);
          else if (!wanted && number) choose(panel, null).catch(refused);
        });
        for (const [name, by] of [["before", -1], ["after", 1]]) panel.of(name).addEventListener("click", () => {
          const all = offered(), here = all.indexOf(panel.person);
          choose(panel, all[(Math.max(here, by < 0 ? 0 : -1) + by + all.length) % all.length]).catch(refused);
        });
        panel.drawing = bioxGraph.stage(panel.of("stage"), data, {
          words: (there) => there.edge ? [data.names[there.edge.a] + " → " + data.names[there.edge.b], "influence " + figures(there.edge.w), unusual(there.edge.p)] : bioxGraph.nodeWords(data, there.node),
        });
      });
      part("types").replaceChildren(new Option("all", -1), ...found.types.map((name, k) => new Option(name, k)));
      part("types").closest("label").hidden = found.types.length < 2;
      part("types").addEventListener("change", () => panels.forEach((panel, k) => { const all = offered(); choose(panel, all[Math.min(k, all.length - 1)]).catch(refused); }));
      part("top").addEventListener("input", (event) => { top = Number(event.target.value); paint(); });
      part("top").value = top;
      bioxGraph.legend(part("legend"), data);
      figure.drawings = panels.map((panel) => panel.drawing);
      const other = found.people.findIndex((one) => one[1] !== found.people[0][1]);
      choose(panels[0], 0).catch(refused);
      const alone = found.people.length < 2;
      if (panels[1]) { panels[1].element.hidden = alone; choose(panels[1], alone ? null : other > 0 ? other : 1).catch(refused); }
      if (alone) for (const name of ["find", "before", "after"]) panels[0].of(name).hidden = true;
    }
    part("top").max = SHOWN;
    source(data).then(run).catch(refused);
  }
  bioxGraph.whenSeen("figure.graph-people", start);
})();
