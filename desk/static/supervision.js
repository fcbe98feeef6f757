// Every chart is drawn from the table behind it: what is seen and what is read out are the same numbers.
const MOST_BARS = 20;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const numbers = (rows, column) => rows.map((row) => (row[column] === "" ? null : Number(row[column])));

const parts = {
  line: (rows) => ({
    xAxis: { type: "category", data: rows.map(([day]) => day.slice(5)) },
    yAxis: { type: "value", minInterval: 1 },
    series: [{ type: "line", name: "件数", showSymbol: rows.length < 40, data: numbers(rows, 1), itemStyle: { color: colour("--link") } }],
  }),
  bars: (rows, heads, chosen) => {
    const shown = rows.slice(0, MOST_BARS).reverse();
    const colours = (chosen?.split(" ") ?? ["--late", "--soon", "--calm", "--secret"]).map(colour);
    const series = heads.slice(1).map((name, index) => ({ type: "bar", stack: "all", name, data: numbers(shown, index + 1), itemStyle: { color: heads.length > 2 ? colours[index] : colour("--link") } }));
    return {
      grid: { left: 8, right: 24, top: series.length > 1 ? 32 : 8, bottom: 8, containLabel: true },
      legend: series.length > 1 ? { type: "scroll", top: 0, textStyle: { color: colour("--ink") } } : undefined,
      xAxis: { type: "value", minInterval: 1 },
      yAxis: { type: "category", data: shown.map(([name]) => name) },
      series,
    };
  },
  forecast: (rows) => {
    const known = numbers(rows, 1), ahead = numbers(rows, 2), low = numbers(rows, 3), high = numbers(rows, 4);
    const last = known.findLastIndex((count) => count !== null);
    const joined = (values) => values.map((value, index) => (index === last && ahead.some((one) => one !== null) ? known[last] : value));
    const band = { type: "line", stack: "range", symbol: "none", lineStyle: { opacity: 0 }, tooltip: { show: false }, silent: true };
    return {
      legend: { top: 0, data: ["实际", "预测"], textStyle: { color: colour("--ink") } },
      grid: { left: 56, right: 16, top: 32, bottom: 32 },
      xAxis: { type: "category", data: rows.map(([monday]) => monday.slice(5)) },
      yAxis: { type: "value", minInterval: 1 },
      series: [
        { type: "line", name: "实际", data: known, itemStyle: { color: colour("--link") } },
        { type: "line", name: "预测", data: joined(ahead), lineStyle: { type: "dashed" }, itemStyle: { color: colour("--soon") } },
        { ...band, name: "下限", data: joined(low) },
        { ...band, name: "区间", data: joined(high).map((value, index) => (value === null ? null : value - joined(low)[index])), areaStyle: { color: colour("--soon"), opacity: 0.18 } },
      ],
    };
  },
};

for (const place of document.querySelectorAll("[data-chart]")) {
  const table = document.getElementById(place.dataset.chart);
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
  if (place.dataset.kind === "bars") place.style.height = `${4 + 1.6 * Math.min(rows.length, MOST_BARS)}rem`;
  const chart = echarts.init(place, null, { renderer: "canvas" });
  const draw = () => {
    const ink = colour("--muted"), line = colour("--line");
    const made = parts[place.dataset.kind](rows, heads, place.dataset.colours);
    for (const axis of [made.xAxis, made.yAxis]) Object.assign(axis, { axisLabel: { color: ink }, axisLine: { lineStyle: { color: line } }, splitLine: { lineStyle: { color: line } } });
    chart.setOption({ animation: false, grid: { left: 56, right: 16, top: 16, bottom: 32 }, tooltip: { trigger: "axis", renderMode: "richText" }, ...made }, true);
  };
  draw();
  new ResizeObserver(() => chart.resize()).observe(place);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
