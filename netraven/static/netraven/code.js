// Configurations and diffs: n and p go to the next and the previous change or find, a button copies. All works without.
"use strict";

(() => {
  const STEPS = { n: 1, p: -1 };
  const stops = [...document.querySelectorAll(".nr-change, .nr-hit")];

  function step(direction) {
    const here = document.querySelector("#content :target");
    const side = direction > 0 ? Node.DOCUMENT_POSITION_FOLLOWING : Node.DOCUMENT_POSITION_PRECEDING;
    const ahead = stops.filter((stop) => !here || here.compareDocumentPosition(stop) & side);
    const next = direction > 0 ? ahead[0] : ahead[ahead.length - 1];
    if (!next) return;
    const section = next.closest("details");
    if (section) section.open = true;
    location.hash = next.id;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key in STEPS) step(STEPS[event.key]);
  });

  const copy = document.getElementById("copy");
  if (copy && navigator.clipboard) { // browsers have it on HTTPS and localhost only
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      const lines = [...document.querySelectorAll(".nr-listing .nr-text")].map((line) => line.textContent);
      try {
        await navigator.clipboard.writeText(`${lines.join("\n")}\n`);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "Not copied: the browser refuses";
      }
      setTimeout(() => { copy.textContent = "Copy"; }, 2000);
    });
  }
})();
