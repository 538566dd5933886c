(function () {
  "use strict";
  const block = JSON.parse(document.getElementById("columns").textContent);
  const charts = new Map(block.charts.map((chart) => [chart.key, chart]));
  const drawn = new Set();

  const fixed = (value, digits) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const writers = {
    usd: (value) => (Math.abs(value) >= 5e7 ? fixed(value / 1e9, 1) + " bn USD" : fixed(value / 1e6, 1) + " mn USD"),
    ratio: (value) => fixed(100 * value, 1) + " %",
    number: (value) => String(Number(value.toPrecision(4))),
    text: String,
  };
  const shown = (value, unit) => (value === null ? "not known" : writers[unit](value));

  // Charts share columns; rows exist only while a chart is drawn. A day becomes the instant it begins, UTC.
  function rowsOf(chart) {
    const frame = block.frames[chart.frame];
    return frame[chart.index.key].map((name, position) => {
      const row = {};
      row[chart.index.key] = chart.frame === "day" ? Date.parse(name) : name;
      row[chart.index.key + "_text"] = name;
      for (const one of chart.series) {
        const value = frame[one.key][position];
        row[one.key] = value;
        row[one.key + "_text"] = shown(value, one.unit);
      }
      return row;
    });
  }

  function draw(place) {
    const key = place.dataset.chart;
    if (drawn.has(key)) return;
    drawn.add(key);
    const chart = charts.get(key);
    const spec = Object.assign({}, chart.spec, { config: block.config, datasets: { rows: rowsOf(chart) } });
    window
      .vegaEmbed(place, spec, { actions: false, renderer: "svg", ast: true, mode: "vega-lite" })
      .then(() => { place.style.minHeight = ""; place.dataset.drawn = "yes"; })
      .catch((problem) => {
        place.textContent = "This picture could not be drawn; its numbers are below.";
        console.error(key, problem);
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
    const head = columns.map((one) => cell(one.unit === "text" ? one.label : one.label + " (" + one.unit + ")"));
    const lines = frame[chart.index.key].map((_, at) => columns.map((one) => cell(frame[one.key][at])).join(","));
    return [head.join(",")].concat(lines).join("\r\n") + "\r\n";
  }

  function download(key) {
    const address = URL.createObjectURL(new Blob([csvOf(charts.get(key))], { type: "text/csv" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = "margin-debt-" + key + ".csv";
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
  window.addEventListener("beforeprint", () => places.forEach(draw));
  document.querySelectorAll("[data-download]").forEach((button) => {
    button.addEventListener("click", () => download(button.dataset.download));
  });
})();
