// Every chart is drawn from the table behind it: what is seen and what is read out are the same numbers.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
for (const place of document.querySelectorAll("[data-chart]")) {
  const rows = [...document.querySelectorAll(`#${place.dataset.chart} tbody tr`)].map((row) => [...row.cells].map((cell) => cell.textContent));
  const chart = echarts.init(place, null, { renderer: "canvas" });
  const draw = () => {
    const ink = colour("--muted"), line = colour("--line");
    chart.setOption({
      animation: false,
      grid: { left: 48, right: 16, top: 16, bottom: 32 },
      tooltip: { trigger: "axis", renderMode: "richText" },
      xAxis: { type: "category", data: rows.map(([day]) => day.slice(5)), axisLabel: { color: ink }, axisLine: { lineStyle: { color: line } } },
      yAxis: { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: { lineStyle: { color: line } } },
      series: [{ type: "line", name: "件数", data: rows.map(([, count]) => Number(count)), itemStyle: { color: colour("--link") } }],
    });
  };
  draw();
  new ResizeObserver(() => chart.resize()).observe(place);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
