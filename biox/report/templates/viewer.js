"use strict";
(function () {
  const SVG = "http://www.w3.org/2000/svg";
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const made = (name, look) => { const e = document.createElement(name); if (look) e.className = look; return e; };
  const path = (parts) => parts.map(encodeURIComponent).join("/");

  // A pyramid of squares: level 0 is the coarsest, every level doubles the one before.
  function source(pictures, folder) {
    const absent = new Set(pictures.absent);
    const name = (level, x, y) => level + "_" + x + "_" + y;
    return {
      width: pictures.width, height: pictures.height, tileSize: pictures.square, tileOverlap: 0,
      minLevel: 0, maxLevel: pictures.levels - 1,
      getTileUrl: (level, x, y) => path([...folder, pictures.folder, name(level, x, y) + "." + pictures.ending]),
      tileExists: function (level, x, y) {
        const count = this.getNumTiles(level);
        return level >= 0 && level < pictures.levels && x >= 0 && y >= 0 && x < count.x && y < count.y && !absent.has(name(level, x, y));
      },
    };
  }

  // The longest of 1, 2, 5, 10 ... micrometres that is no longer than a number of pixels.
  function round(longest) {
    const power = Math.pow(10, Math.floor(Math.log10(longest)));
    return [5, 2, 1].map((step) => step * power).find((length) => length <= longest);
  }

  function start(figure) {
    const data = JSON.parse(figure.querySelector("script.viewer-data").textContent);
    const part = (name) => figure.querySelector(".viewer-" + name);
    const stage = part("stage"), scale = part("scale"), message = part("message"), heat = part("heat");
    const state = { slide: data.slides[0], heatmap: null, over: null, under: null };
    const osd = OpenSeadragon({
      element: part("osd"), drawer: "canvas", showNavigationControl: false, showNavigator: false, crossOriginPolicy: false,
      animationTime: still ? 0 : 0.35, blendTime: 0, springStiffness: 9, visibilityRatio: 0.4, minZoomImageRatio: 0.7,
      maxZoomPixelRatio: 6, gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true }, drawBackground: false,
      gestureSettingsTouch: { pinchRotate: false }, keyboardNavEnabled: true, imageLoaderLimit: 6, timeout: 60000, smoothTileEdgesMinZoom: Infinity,
    });
    osd.canvas.setAttribute("aria-label", "Slide: arrow keys move, plus and minus zoom, 0 shows the whole slide");
    osd.canvas.setAttribute("role", "application");

    const drawing = document.createElementNS(SVG, "svg");
    const lines = drawing.appendChild(document.createElementNS(SVG, "g"));
    drawing.setAttribute("aria-hidden", "true");
    osd.canvas.appendChild(drawing);

    // Level-0 pixels of the slide under one pixel of the screen.
    const perPixel = () => state.slide.width / (osd.viewport.getContainerSize().x * osd.viewport.getZoom(true));

    function follow() {
      const origin = osd.viewport.pixelFromPoint(new OpenSeadragon.Point(0, 0), true);
      const size = perPixel(), um = state.slide.mpp[0] * size;
      lines.setAttribute("transform", "translate(" + origin.x + " " + origin.y + ") scale(" + 1 / size + ")");
      const length = round(um * Math.min(180, stage.clientWidth / 3));
      scale.lastElementChild.style.width = length / um + "px";
      scale.firstElementChild.textContent = length >= 1000 ? length / 1000 + " mm" : length + " µm";
      if (!state.heatmap) return;
      const level = Math.ceil(Math.log2(0.5 * size / state.heatmap.down));
      const limit = state.heatmap.limits[Math.max(0, Math.min(state.heatmap.levels - 1, level))];
      part("low").textContent = "−" + limit.toPrecision(2);
      part("high").textContent = "+" + limit.toPrecision(2);
    }

    function outline() {
      lines.replaceChildren();
      for (const one of state.slide.outlines) {
        const box = part(one.kind === "hot" ? "regions" : "annotations");
        if (box && !box.checked) continue;
        const d = one.rings.map((ring) => "M" + ring.map((point) => point.join(" ")).join("L") + "Z").join("");
        for (const look of ["halo", one.kind]) {
          const line = lines.appendChild(document.createElementNS(SVG, "path"));
          line.setAttribute("d", d);
          line.setAttribute("class", look);
          line.style.setProperty("--look", one.kind === "hot" ? "#111" : "var(--c" + data.classes.indexOf(one.class) % 7 + ")");
        }
      }
    }

    // At full opacity the library would clear what lies under a picture with transparent parts.
    const opacity = () => Math.min(part("opacity").value / 100, 0.995);
    const fade = () => { if (state.over) state.over.setOpacity(opacity()); };

    function colour() {
      const slide = state.slide, chosen = slide.heatmaps[heat.value];
      if (state.over) osd.world.removeItem(state.over);
      state.over = null;
      state.heatmap = chosen || null;
      part("ramp").hidden = !chosen;
      osd.forceRedraw();
      if (!chosen) return;
      part("meaning").textContent = chosen.title;
      osd.addTiledImage({
        tileSource: source(chosen, [data.folder, slide.folder]), x: 0, y: 0, opacity: opacity(),
        width: chosen.width * chosen.down / slide.width,
        success: (event) => {
          // The reader may have chosen another slide or heatmap while this one was opened.
          if (state.heatmap !== chosen) { osd.world.removeItem(event.item); return; }
          state.over = event.item;
          fade();
        },
      });
      follow();
    }

    function choose(index) {
      const slide = state.slide = data.slides[index];
      osd.world.removeAll();
      state.over = null;
      message.hidden = true;
      heat.replaceChildren(...slide.heatmaps.map((one, k) => new Option(one.name, k)), new Option("none", -1));
      osd.addTiledImage({
        tileSource: source(slide.picture, [data.folder, slide.folder]), x: 0, y: 0,
        width: slide.picture.width * slide.picture.down / slide.width,
        success: (event) => {
          if (state.slide !== slide) { osd.world.removeItem(event.item); return; }
          state.under = event.item;
          osd.viewport.goHome(true);
          outline();
          colour();
          follow();
        },
      });
    }

    // Red cannot be seen on pink tissue: the slide is drawn grey and pale under a heatmap, unless the reader wants it pink.
    const grey = (event) => event.tiledImage === state.under && state.heatmap && part("grey").checked;
    osd.addHandler("tile-drawing", (event) => {
      if (grey(event)) event.context.filter = "grayscale(1) contrast(0.55) brightness(1.3)";
    });
    // Safari knows no filter: there the colour is taken out of each square after it was drawn.
    osd.addHandler("tile-drawn", (event) => {
      if ("filter" in CanvasRenderingContext2D.prototype || !grey(event)) return;
      const context = osd.drawer.context, ratio = OpenSeadragon.pixelDensityRatio;
      const corner = event.tile.position.times(ratio), size = event.tile.size.times(ratio);
      context.save();
      for (const [how, colour] of [["saturation", "#808080"], ["source-over", "rgb(255 255 255 / 0.4)"]]) {
        context.globalCompositeOperation = how;
        context.fillStyle = colour;
        context.fillRect(corner.x, corner.y, size.x, size.y);
      }
      context.restore();
    });
    osd.addHandler("tile-load-failed", () => { message.hidden = false; });
    osd.addHandler("update-viewport", follow);
    osd.addHandler("resize", follow);
    // The wheel and a finger scroll the page until the viewer was clicked or tapped, so that nobody is caught in it.
    const touch = (how) => { for (const e of [osd.canvas, osd.container, osd.element]) e.style.touchAction = how; };
    stage.addEventListener("focusin", () => touch("none"));
    stage.addEventListener("focusout", () => touch("pan-y"));
    touch("pan-y");
    osd.addHandler("canvas-scroll", (event) => {
      const free = !stage.contains(document.activeElement) && !event.originalEvent.ctrlKey;
      event.preventDefaultAction = free;
      event.preventDefault = !free;
    });
    part("slide").addEventListener("change", (event) => choose(event.target.value));
    heat.addEventListener("change", colour);
    part("opacity").addEventListener("input", fade);
    part("grey").addEventListener("change", () => osd.forceRedraw());
    for (const name of ["annotations", "regions"]) if (part(name)) part(name).addEventListener("change", outline);
    part("in").addEventListener("click", () => { osd.viewport.zoomBy(1.6); osd.viewport.applyConstraints(); });
    part("out").addEventListener("click", () => { osd.viewport.zoomBy(1 / 1.6); osd.viewport.applyConstraints(); });
    part("home").addEventListener("click", () => osd.viewport.goHome());
    part("full").hidden = !document.fullscreenEnabled;
    part("full").addEventListener("click", () => document.fullscreenElement ? document.exitFullscreen() : figure.requestFullscreen());
    part("ramp").querySelector("i").style.backgroundImage = "linear-gradient(to right," + data.colours.join(",") + ")";
    part("slide").replaceChildren(...data.slides.map((slide, k) => new Option(slide.title, k)));
    figure.viewer = osd;
    choose(0);
  }

  // A viewer starts when it comes into sight: a page is quick to open, however many slides it has.
  const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (!entry.isIntersecting) return;
    seen.unobserve(entry.target);
    start(entry.target);
  }), { rootMargin: "300px" });
  document.querySelectorAll("figure.viewer").forEach((figure) => seen.observe(figure));
})();
