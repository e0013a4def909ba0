// The form for schedules shows what the chosen type needs; times are shown in the browser's zone. Both work without.
"use strict";

(() => {
  const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

  function wall(moment) {
    const options = {
      weekday: "short", year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
    };
    const part = Object.fromEntries(
      new Intl.DateTimeFormat("en-GB", options).formatToParts(moment).map(({ type, value }) => [type, value]),
    );
    const seconds = part.second === "00" ? "" : `:${part.second}`;
    return `${part.weekday} ${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}${seconds}`;
  }

  function showLocalTimes() {
    if (!ZONE) return;
    for (const time of document.querySelectorAll("time.nr-local")) {
      time.textContent = wall(new Date(time.dateTime)) + ("named" in time.dataset ? ` ${ZONE}` : "");
    }
    for (const name of document.querySelectorAll(".nr-local-zone")) name.textContent = ZONE;
  }

  function rowsOf(form, names) {
    return [...names].flatMap((name) => [...form.querySelectorAll(`.form-row.field-${name}`)]);
  }

  function fit(form) {
    const { schedule_type: type, day_rule: rule, all_devices: all } = form.elements;
    const ofType = JSON.parse(type.dataset.fields);
    const ofRule = JSON.parse(rule.dataset.fields);
    const own = new Set([...Object.values(ofType), ...Object.values(ofRule)].flat());
    const chosen = ["devices", "hostnames", "tags", "tag_match", "platforms"];

    function update() {
      const fitting = new Set(ofType[type.value]);
      if (fitting.has("day_rule")) for (const name of ofRule[rule.value]) fitting.add(name);
      for (const row of rowsOf(form, own)) {
        const fits = [...fitting].some((name) => row.classList.contains(`field-${name}`));
        row.classList.toggle("hidden", !fits);
      }
      for (const row of rowsOf(form, chosen)) row.classList.toggle("hidden", all.checked);
      for (const part of form.querySelectorAll(".nr-part")) {
        part.classList.toggle("hidden", !part.querySelector(".form-row:not(.hidden)"));
      }
    }

    form.classList.add("nr-fitted");
    for (const input of [type, rule, all]) input.addEventListener("change", update);
    window.addEventListener("pageshow", update); // a browser that goes back fills the form in again
    update();
  }

  showLocalTimes();
  const form = document.getElementById("schedule_form");
  if (form && form.elements.schedule_type) fit(form);
  const preview = document.querySelector("#preview[role=status]");
  if (preview) preview.focus(); // the form above it is shorter now than when the browser went there
})();
