(function () {
  "use strict";
  const block = JSON.parse(document.getElementById("columns").textContent);
  const charts = new Map(block.charts.map((chart) => [chart.key, chart]));
  const views = new Map();

  // The words of the page itself (words.py): what a reader sees under the pointer is what the page said.
  const fixed = (value, digits) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  function usd(value) {
    const size = Math.abs(value);
    if (size >= 999950000) return fixed(value / 1e9, 1) + "\u00a0bn\u00a0USD";
    return size >= 5e4 ? fixed(value / 1e6, 1) + "\u00a0mn\u00a0USD" : fixed(value, 0) + "\u00a0USD";
  }
  const writers = {
    usd,
    ratio: (value) => fixed(100 * value, 1) + "\u00a0%",
    number: (value) => (Math.abs(value) >= 1e4 ? fixed(value, 0) : String(Number(value.toPrecision(4)))),
    text: String,
    day: String,
  };
  const shown = (value, unit) => (value === null ? "not known" : writers[unit](value));

  // Charts share columns; rows exist only while a chart is drawn. A day becomes the instant it begins, UTC.
  function rowsOf(chart) {
    const frame = block.frames[chart.frame];
    return frame[chart.index.key].map((_, position) => {
      const row = {};
      for (const one of [chart.index].concat(chart.series)) {
        const value = frame[one.key][position];
        row[one.key] = one.unit === "day" && value !== null ? Date.parse(value) : value;
        if (chart.frame !== "day") row[one.key + "_text"] = shown(value, one.unit);
      }
      return row;
    });
  }

  function draw(place) {
    const key = place.dataset.chart;
    if (views.has(key)) return;
    views.set(key, null);
    const chart = charts.get(key);
    const spec = Object.assign({}, chart.spec, { config: block.config, datasets: { rows: rowsOf(chart) } });
    window
      .vegaEmbed(place, spec, { actions: false, renderer: "svg", ast: true, mode: "vega-lite" })
      .then((made) => { views.set(key, made.view); place.style.minHeight = ""; place.dataset.drawn = "yes"; })
      .catch((problem) => {
        place.textContent = "This picture could not be drawn; its numbers are below.";
        console.error(key, problem);
      });
  }

  // The key of a picture over days reads out one day: the last, or the one under the pointer or the arrows.
  function readOut(place) {
    const chart = charts.get(place.dataset.chart);
    const frame = block.frames[chart.frame];
    const days = frame.day;
    const last = days.length - 1;
    const key = document.querySelector(`[data-reading="${chart.key}"]`);
    const mark = document.createElement("div");
    mark.className = "mark";
    mark.hidden = true;
    let at = last;

    function show(position, isMarked) {
      at = Math.max(0, Math.min(last, position));
      key.querySelector("time").textContent = days[at];
      key.querySelectorAll("[data-value]").forEach((cell) => {
        const one = chart.series.find((series) => series.key === cell.dataset.value);
        cell.textContent = shown(frame[one.key][at], one.unit);
      });
      const view = views.get(chart.key);
      mark.hidden = !isMarked || !view;
      if (mark.hidden) return;
      place.append(mark);
      mark.style.left = view.origin()[0] + view.scale("x")(Date.parse(days[at])) + "px";
      mark.style.top = view.origin()[1] + "px";
      mark.style.height = view.signal("height") + "px";
    }
    place.addEventListener("pointermove", (event) => {
      const view = views.get(chart.key);
      if (!view) return;
      const left = event.clientX - place.getBoundingClientRect().left - view.origin()[0];
      show(Math.round((view.scale("x").invert(left) - Date.parse(days[0])) / 864e5), true);
    });
    place.addEventListener("pointerleave", () => show(last, false));
    place.addEventListener("blur", () => show(last, false));
    place.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 30, PageDown: at + 30, Home: 0, End: last };
      if (!(event.key in steps)) return;
      event.preventDefault();
      show(steps[event.key], true);
    });
  }

  // A cell a spreadsheet would run as a formula is set in quotes with an apostrophe in front.
  function cell(value) {
    if (value === null) return "";
    if (typeof value === "number") return String(value);
    const safe = /^[=+\-@\t\r]/.test(value) ? "'" + value : value;
    return '"' + safe.replace(/"/g, '""') + '"';
  }

  function csvOf(chart) {
    const frame = block.frames[chart.frame];
    const columns = [chart.index].concat(chart.series);
    const head = columns.map((one) => cell(["text", "day"].includes(one.unit) ? one.label : one.label + " (" + one.unit + ")"));
    const lines = frame[chart.index.key].map((_, at) => columns.map((one) => cell(frame[one.key][at])).join(","));
    return [head.join(",")].concat(lines).join("\r\n") + "\r\n";
  }

  function download(key) {
    const address = URL.createObjectURL(new Blob([csvOf(charts.get(key))], { type: "text/csv" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = "margin-debt-" + block.day + "-" + key + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  const places = Array.from(document.querySelectorAll("[data-chart]"));
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        seen.unobserve(entry.target);
        draw(entry.target);
      }
    },
    { rootMargin: "300px" },
  );
  places.forEach((place) => seen.observe(place));
  places.filter((place) => charts.get(place.dataset.chart).frame === "day").forEach(readOut);
  window.addEventListener("beforeprint", () => places.forEach(draw));
  document.querySelectorAll("[data-download]").forEach((button) => {
    button.addEventListener("click", () => download(button.dataset.download));
  });
})();
