"use strict";
(() => {
  const resolved = (value, styles) => {
    if (typeof value === "string") {
      return value.startsWith("token:")
        ? styles.getPropertyValue("--" + value.slice(6)).trim() : value;
    }
    if (Array.isArray(value)) return value.map((one) => resolved(one, styles));
    if (value && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, resolved(one, styles)]));
    }
    return value;
  };
  const axis = (styles) => ({
    gridcolor: styles.getPropertyValue("--line").trim(),
    linecolor: styles.getPropertyValue("--line").trim(),
    zerolinecolor: styles.getPropertyValue("--line").trim(),
    automargin: true,
  });
  const plots = [...document.querySelectorAll(".plot")].map((element) => ({
    element,
    specification: JSON.parse(element.querySelector("script").textContent),
  }));
  const draw = () => {
    const styles = getComputedStyle(document.documentElement);
    const narrow = window.innerWidth < 640;
    for (const { element, specification } of plots) {
      const own = resolved(specification.layout, styles);
      const layout = {
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: {
          family: getComputedStyle(document.body).fontFamily,
          size: narrow ? 11 : 12,
          color: styles.getPropertyValue("--ink").trim(),
        },
        margin: { l: 8, r: 12, t: 8, b: 8 },
        hoverlabel: { align: "left" },
        legend: { orientation: "h", yanchor: "bottom", y: 1.02, xanchor: "left", x: 0 },
        showlegend: specification.data.length > 1 || Boolean(specification.data[0].name),
        ...own,
        xaxis: { ...axis(styles), ...own.xaxis },
        yaxis: { ...axis(styles), ...own.yaxis },
      };
      Plotly.react(element, resolved(specification.data, styles), layout,
        { responsive: true, displaylogo: false, displayModeBar: false });
    }
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  matchMedia("print").addEventListener("change", draw);
})();
