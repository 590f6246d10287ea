"use strict";
// Draws a graph with stored places: edges by sign and strength, proteins by community, names where there is room.
const bioxGraph = (function () {
  const SVG = "http://www.w3.org/2000/svg";
  const COLOURS = 7, PAD = 34, NEAR = 7, MIXED = 0.2, DASHES = { raises: [], lowers: [6, 3], mixed: [1.5, 2.5] };
  const made = (name, look, words) => {
    const e = document.createElement(name);
    if (look) e.className = look;
    if (words !== undefined) e.textContent = words;
    return e;
  };
  const drawn = (name, attributes) => {
    const e = document.createElementNS(SVG, name);
    for (const key in attributes) e.setAttribute(key, attributes[key]);
    return e;
  };
  const minus = (words) => words.replace("-", "−");
  const figures = (value) => value === null || value === undefined ? "–" : value === 0 ? "0" : minus(Math.abs(value) < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(3))));
  const percent = (value) => value === null || value === undefined ? "–" : Math.round(100 * value) + " %";
  const ends = (words, most) => words.length > most ? words.slice(0, most - 1) + "…" : words;
  const sign = (value) => value === null || Math.abs(value) < MIXED ? "mixed" : value > 0 ? "raises" : "lowers";
  const colour = (data, i) => data.degree[i] && data.community[i] < COLOURS ? "var(--c" + data.community[i] + ")" : "var(--soft)";

  function stage(element, data, heard) {
    const canvas = element.appendChild(made("canvas")), pen = canvas.getContext("2d");
    const svg = element.appendChild(drawn("svg", { role: "img", "aria-label": "Graph of proteins; the same edges are listed beside it" }));
    const [under, dots, words] = [0, 1, 2].map(() => svg.appendChild(drawn("g", {})));
    const reading = element.appendChild(made("div", "reading"));
    const view = { zoom: 1, x: 0, y: 0, edges: [], faint: null, strong: null, chosen: null, lit: null, scale: 0 };
    let pressed = null, asked = false;
    const width = () => element.clientWidth, height = () => element.clientHeight;
    const small = data.names.length > 120 ? 0.72 : 1;
    const radius = (i) => small * Math.min(11, 3.6 + 1.1 * Math.sqrt(data.degree[i]));
    const at = (i) => [PAD + (data.x[i] * view.zoom + view.x) * (width() - 2 * PAD), PAD + (data.y[i] * view.zoom + view.y) * (height() - 2 * PAD)];

    // A line between two proteins; a directed one is bent, so that the way there and back do not cover each other.
    function line(edge) {
      const [x, y] = at(edge.a), [u, v] = at(edge.b);
      if (!edge.directed) return { points: [[x, y], [u, v]] };
      const long = Math.hypot(u - x, v - y) || 1, bend = Math.min(26, 0.14 * long);
      const [mx, my] = [(x + u) / 2 - (v - y) / long * bend, (y + v) / 2 + (u - x) / long * bend];
      const way = Math.atan2(v - my, u - mx), gap = radius(edge.b) + 1;
      const [ex, ey] = [u - gap * Math.cos(way), v - gap * Math.sin(way)];
      const barb = (turn) => [ex - 8 * Math.cos(way + turn), ey - 8 * Math.sin(way + turn)];
      return { bend: [mx, my], head: [[ex, ey], barb(0.42), barb(-0.42)], points: [[x, y], [(x + 2 * mx + u) / 4, (y + 2 * my + v) / 4], [ex, ey]] };
    }

    // Edges are pixels, for there may be thousands; proteins and names are elements.
    function edges(most) {
      const ratio = window.devicePixelRatio || 1, style = getComputedStyle(element);
      const inks = { raises: style.getPropertyValue("--r10"), lowers: style.getPropertyValue("--r-10"), mixed: style.getPropertyValue("--soft") };
      canvas.width = width() * ratio; canvas.height = height() * ratio;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      for (const edge of [...view.edges].reverse()) {
        const share = Math.sqrt(Math.min(1, Math.abs(edge.w) / most)), way = line(edge), look = sign(edge.sign), lit = edge === view.lit;
        const dim = view.chosen !== null && edge.a !== view.chosen && edge.b !== view.chosen, points = way.points;
        edge.points = points;
        pen.strokeStyle = pen.fillStyle = inks[look];
        pen.globalAlpha = lit ? 1 : dim ? 0.1 : 0.3 + 0.6 * share;
        pen.lineWidth = lit ? 5 : 0.6 + 3.6 * share;
        pen.setLineDash(DASHES[look]);
        pen.beginPath();
        pen.moveTo(...points[0]);
        if (way.bend) pen.quadraticCurveTo(...way.bend, ...points[2]); else pen.lineTo(...points[1]);
        pen.stroke();
        if (!way.head) continue;
        pen.beginPath();
        way.head.forEach((point, k) => k ? pen.lineTo(...point) : pen.moveTo(...point));
        pen.fill();
      }
    }

    function names(order) {
      const taken = [], room = small < 1 ? 9.5 : 11;
      words.replaceChildren();
      for (const i of order) {
        const [x, y] = at(i), shown = ends(data.names[i], 22), wide = shown.length * room * 0.56;
        const left = Math.max(2, Math.min(width() - wide - 2, x - wide / 2)), top = y - radius(i) - 4;
        const box = [left, top - room, left + wide, top + 2];
        if (x < 0 || y < 0 || x > width() || y > height()) continue;
        if (i !== view.chosen && taken.some((o) => box[0] < o[2] && box[2] > o[0] && box[1] < o[3] && box[3] > o[1])) continue;
        taken.push(box);
        const word = words.appendChild(drawn("text", { x: left, y: top, "font-size": room }));
        word.textContent = shown;
        if (view.strong?.has(i)) word.setAttribute("class", "strong");
      }
    }

    function paint() {
      asked = false;
      const most = view.scale || Math.max(...view.edges.map((e) => Math.abs(e.w)), 1e-12);
      dots.replaceChildren(); under.replaceChildren();
      const touched = new Set(view.edges.flatMap((edge) => [edge.a, edge.b]));
      edges(most);
      const shown = [...data.names.keys()];
      for (const i of shown) {
        const [x, y] = at(i), dim = view.faint && view.faint.has(i);
        const look = (touched.has(i) ? "" : " alone") + (dim ? " dim" : "") + (data.predicted[i] ? "" : " unpredicted");
        if (data.hub[i] && touched.has(i)) under.appendChild(drawn("circle", { cx: x, cy: y, r: radius(i) + 3, class: "hub" + (dim ? " dim" : "") }));
        dots.appendChild(drawn("circle", { cx: x, cy: y, r: radius(i), class: "protein" + look, style: "--own:" + colour(data, i) }));
      }
      const first = (i) => (i === view.chosen ? 2e6 : view.strong?.has(i) ? 1e6 : 0) + data.degree[i];
      names(shown.filter((i) => (touched.has(i) || view.strong?.has(i)) && !view.faint?.has(i)).sort((i, j) => first(j) - first(i) || i - j));
    }
    const draw = () => { if (!asked) { asked = true; requestAnimationFrame(paint); } };

    function far(point, a, b) {
      const [dx, dy] = [b[0] - a[0], b[1] - a[1]], long = dx * dx + dy * dy || 1;
      const t = Math.max(0, Math.min(1, ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / long));
      return Math.hypot(point[0] - a[0] - t * dx, point[1] - a[1] - t * dy);
    }
    function found(point) {
      const near = data.names.map((_, i) => [Math.hypot(point[0] - at(i)[0], point[1] - at(i)[1]) - radius(i), i]).filter((pair) => pair[0] < 4);
      if (near.length) return { node: near.reduce((p, q) => p[0] < q[0] ? p : q)[1] };
      let best = null, least = NEAR;
      for (const edge of view.edges) for (let k = 1; k < (edge.points || []).length; k++) {
        const gap = far(point, edge.points[k - 1], edge.points[k]);
        if (gap < least) { least = gap; best = edge; }
      }
      return best ? { edge: best } : null;
    }
    const inside = (event) => { const box = element.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };

    function tell(event) {
      const point = inside(event), there = found(point), told = there && heard.words(there);
      svg.style.cursor = there?.node !== undefined ? "pointer" : view.zoom > 1 ? "grab" : "default";
      reading.hidden = !told;
      if (!told) return;
      reading.replaceChildren(...told.map((sentence, k) => made("div", k ? "" : "first", sentence)));
      reading.style.left = Math.max(4, Math.min(width() - reading.offsetWidth - 4, point[0] + 14)) + "px";
      reading.style.top = Math.max(4, point[1] + 16 + reading.offsetHeight > height() ? point[1] - reading.offsetHeight - 12 : point[1] + 16) + "px";
    }
    function shift(dx, dy) {
      const least = 1 - view.zoom;
      view.x = Math.max(least, Math.min(0, view.x + dx)); view.y = Math.max(least, Math.min(0, view.y + dy));
      draw();
    }
    function zoom(factor, point = [width() / 2, height() / 2]) {
      const next = Math.max(1, Math.min(8, view.zoom * factor)), by = next / view.zoom;
      const [sx, sy] = [(point[0] - PAD) / (width() - 2 * PAD), (point[1] - PAD) / (height() - 2 * PAD)];
      view.x = sx - (sx - view.x) * by; view.y = sy - (sy - view.y) * by; view.zoom = next;
      shift(0, 0);
      element.style.touchAction = next > 1 ? "none" : "pan-y";
    }
    element.style.touchAction = "pan-y";
    reading.hidden = true;
    svg.addEventListener("pointerdown", (event) => { pressed = { x: event.clientX, y: event.clientY, moved: false }; });
    svg.addEventListener("pointermove", (event) => {
      if (pressed && event.buttons) {
        const [dx, dy] = [event.clientX - pressed.x, event.clientY - pressed.y];
        if (!pressed.moved && Math.hypot(dx, dy) < 4) return;
        Object.assign(pressed, { x: event.clientX, y: event.clientY, moved: true });
        shift(dx / (width() - 2 * PAD), dy / (height() - 2 * PAD));
        reading.hidden = true;
      } else tell(event);
    });
    svg.addEventListener("pointerup", (event) => {
      if (pressed && !pressed.moved) { tell(event); heard.click?.(found(inside(event))); }
      pressed = null;
    });
    svg.addEventListener("pointerleave", () => { pressed = null; reading.hidden = true; });
    // The wheel scrolls the page, and zooms with Ctrl, so that nobody is caught in the graph.
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 300), inside(event));
    }, { passive: false });
    new ResizeObserver(draw).observe(element);
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    return { show: (change) => { Object.assign(view, change); draw(); }, zoom, whole: () => { Object.assign(view, { zoom: 1, x: 0, y: 0 }); zoom(1); }, view };
  }

  // A graph starts when it comes into sight, so that a page is quick to open; the others as soon as the browser has
  // nothing else to do, or the page is printed.
  function whenSeen(selector, start) {
    const waiting = new Set(document.querySelectorAll(selector));
    const begin = (figure) => { if (waiting.delete(figure)) start(figure); };
    const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
      if (entry.isIntersecting) begin(entry.target);
    }), { rootMargin: "300px" });
    waiting.forEach((figure) => seen.observe(figure));
    window.addEventListener("beforeprint", () => waiting.forEach(begin));
    window.addEventListener("load", () => setTimeout(() => waiting.forEach(begin), 500));
  }
  return { stage, made, drawn, figures, percent, sign, whenSeen, COLOURS };
})();
