// Live parts of pages: they rest while nobody looks, say when the server is away, and keep the log short and at its end.
"use strict";

(() => {
  const ROWS = 500;
  let follows = true;

  const rows = () => document.getElementById("log-rows");
  const box = () => rows()?.closest(".nr-log-box");
  const toEnd = () => { if (box()) box().scrollTop = box().scrollHeight; };

  function tell(isAway) {
    for (const note of document.querySelectorAll("[data-away]")) note.hidden = !isAway;
  }

  document.addEventListener("htmx:beforeRequest", (event) => { if (document.hidden) event.preventDefault(); });
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, () => tell(true));
  }
  document.addEventListener("htmx:beforeOnLoad", (event) => { if (event.detail.xhr.status < 400) tell(false); });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    // Entries of the last moment are sent again, with those that were committed late
    for (const row of event.detail.fragment.querySelectorAll("tr[id]")) {
      if (document.getElementById(row.id)) row.remove();
    }
    if (box()) follows = box().scrollHeight - box().scrollTop - box().clientHeight < 40;
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    if (!rows()) return;
    while (rows().children.length > ROWS) rows().firstElementChild.remove();
    if (follows) toEnd();
  });
  document.addEventListener("DOMContentLoaded", () => { if (document.querySelector("[hx-get]")) toEnd(); });
})();
