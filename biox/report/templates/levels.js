"use strict";
(function () {
  // The address keeps the level behind the place in the page: "#curves&reader=institution".
  const choices = [...document.querySelectorAll(".levels input")];
  if (!choices.length) return;
  const first = choices.find((choice) => choice.defaultChecked);
  const chosen = () => choices.find((choice) => choice.checked) || first;
  const parts = () => location.hash.slice(1).split("&");
  const place = () => { const id = parts()[0]; return id.includes("=") ? "" : id; };
  const asked = () => { const found = parts().find((part) => part.startsWith("reader=")); return found ? found.slice(7) : ""; };
  const levelsOf = (element) => { const own = element.closest("[data-readers]"); return own ? own.dataset.readers.split(" ") : []; };

  function keep(id) {
    const own = [id, chosen() === first ? "" : "reader=" + chosen().value].filter(Boolean).join("&");
    history.replaceState(null, "", "#" + own);
  }

  // What was drawn while it was hidden has no size yet: viewers and graphs draw again when they hear of a new one.
  function choose(level) {
    const choice = choices.find((one) => one.value === level);
    if (choice) choice.checked = true;
    window.dispatchEvent(new Event("resize"));
  }

  function follow() {
    if (asked()) choose(asked());
    const target = place() && document.getElementById(place());
    if (!target) { if (asked() && chosen() === first) keep(""); return; }
    const readers = levelsOf(target);
    if (readers.length && !readers.includes(chosen().value)) choose(readers[0]);
    keep(place());
    target.scrollIntoView();
  }

  choices.forEach((choice) => choice.addEventListener("change", () => { keep(""); window.dispatchEvent(new Event("resize")); }));
  window.addEventListener("hashchange", follow);
  choose(first.value);
  if (location.hash) follow();
})();
