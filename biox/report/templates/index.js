"use strict";
(function () {
  // Without this script the page is the whole list, in the order of the configuration.
  const form = document.querySelector(".choose");
  if (!form) return;
  const body = document.querySelector(".studies tbody"), heads = [...document.querySelectorAll(".studies thead th")];
  const rows = [...body.rows], told = form.querySelector("[role=status]");
  const known = rows.map((row, place) => ({ row, place, words: row.textContent.toLowerCase(), ...row.dataset }));
  const verdicts = ["supported", "mixed", "not supported"];
  const worth = { people: (one) => Number(one.people), verdict: (one) => (verdicts.indexOf(one.verdict) + 4) % 4 };
  const names = new Intl.Collator("en", { numeric: true });
  let down = false;

  function compared(by, one, other) {
    const order = by in worth ? worth[by](one) - worth[by](other) : names.compare(one[by], other[by]);
    return (down ? -order : order) || one.place - other.place;
  }

  function show() {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (one) => words.every((word) => one.words.includes(word))
      && ["domain", "verdict"].every((name) => !form.elements[name].value || form.elements[name].value === one[name]);
    const by = form.elements.order.value;
    const sorted = by ? [...known].sort((one, other) => compared(by, one, other)) : known;
    body.append(...sorted.map((one) => one.row));
    known.forEach((one) => { one.row.hidden = !fits(one); });
    const left = known.filter((one) => !one.row.hidden).length;
    told.textContent = left === rows.length ? rows.length + (rows.length === 1 ? " study" : " studies") : left + " of " + rows.length + " studies";
    heads.forEach((head) => head.setAttribute("aria-sort", head.dataset.sort !== by ? "none" : down ? "descending" : "ascending"));
  }

  heads.forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      down = form.elements.order.value === head.dataset.sort && !down;
      form.elements.order.value = head.dataset.sort;
      show();
    });
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => { if (event.target.name === "order") down = false; show(); });
  form.hidden = false;
  show();
})();
