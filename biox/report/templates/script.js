"use strict";
(function () {
  const root = document.documentElement;
  const store = { get: () => { try { return localStorage.getItem("theme"); } catch { return null; } },
    set: (value) => { try { localStorage.setItem("theme", value); } catch { /* a page from disk may have no storage */ } } };
  if (store.get()) root.dataset.theme = store.get();
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    store.set(root.dataset.theme);
  });

  const contents = document.getElementById("contents");
  if (contents && matchMedia("(max-width: 1059px)").matches) contents.open = false;

  function table(data, at) {
    const made = document.createElement("table");
    made.createCaption().textContent = data.positions[at] + " " + data.unit;
    for (const [name, values] of data.series) {
      const row = made.insertRow();
      row.insertCell().textContent = name;
      const cell = row.insertCell();
      cell.className = "n";
      cell.textContent = values[at];
    }
    return made;
  }

  document.querySelectorAll("script.hover").forEach((source) => {
    const data = JSON.parse(source.textContent);
    const drawing = source.closest(".drawing");
    const cursor = drawing.querySelector(".cursor");
    const reading = drawing.querySelector(".reading");
    const last = data.positions.length - 1;
    let at = -1;
    function show(next) {
      at = Math.max(0, Math.min(last, next));
      const place = data.left + (data.right - data.left) * (last ? at / last : 0);
      const box = drawing.querySelector("svg").viewBox.baseVal;
      cursor.setAttribute("transform", "translate(" + place * box.width + " 0)");
      cursor.style.opacity = 1;
      reading.replaceChildren(table(data, at));
      reading.hidden = false;
      const room = drawing.clientWidth - reading.offsetWidth;
      const left = place * drawing.clientWidth + (place > 0.5 ? -reading.offsetWidth - 14 : 14);
      reading.style.left = Math.max(0, Math.min(room, left)) + "px";
    }
    function hide() { cursor.style.opacity = 0; reading.hidden = true; at = -1; }
    function follow(event) {
      const frame = drawing.getBoundingClientRect();
      const share = ((event.clientX - frame.left) / frame.width - data.left) / (data.right - data.left);
      if (share < -0.03 || share > 1.03) hide(); else show(Math.round(share * last));
      reading.style.top = Math.max(0, Math.min(frame.height - reading.offsetHeight, event.clientY - frame.top + 14)) + "px";
    }
    drawing.addEventListener("pointermove", follow);
    drawing.addEventListener("pointerdown", follow);
    drawing.addEventListener("pointerleave", hide);
    drawing.addEventListener("blur", hide);
    window.addEventListener("resize", hide);
    drawing.addEventListener("keydown", (event) => {
      if (event.key === "ArrowRight") show(at + 1);
      else if (event.key === "ArrowLeft") show(at < 0 ? last : at - 1);
      else if (event.key === "Escape") hide();
      else return;
      event.preventDefault();
    });
  });
})();
