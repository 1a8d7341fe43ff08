// The diagram: zoom, and arrow keys from node to node. Everything else on the pages works without scripts.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const frame = document.querySelector("[data-diagram]"), tools = document.querySelector("[data-diagram-tools]");
  const svg = frame && frame.querySelector("svg");
  if (!svg) return;
  const width = svg.viewBox.baseVal.width, height = svg.viewBox.baseVal.height;
  let scale = 1;
  const zoom = (to) => {
    const middle = (frame.scrollLeft + frame.clientWidth / 2) / scale;
    scale = Math.min(3, Math.max(0.1, to));
    svg.setAttribute("width", width * scale);
    svg.setAttribute("height", height * scale);
    frame.scrollLeft = middle * scale - frame.clientWidth / 2;
  };
  const fit = () => Math.min(1, (frame.clientWidth - 2) / width);
  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const how = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (how) zoom(how === "fit" ? fit() : how === "1:1" ? 1 : scale * Number(how));
  });
  const nodes = [...svg.querySelectorAll("[data-key],[data-reference]")];
  const first = nodes[0]?.getBoundingClientRect(), seen = frame.getBoundingClientRect();
  if (first) frame.scrollLeft += first.left + first.width / 2 - seen.left - frame.clientWidth / 2;
  const from = (key) => nodes.filter((node) => node.dataset.above === key);
  svg.addEventListener("keydown", (event) => {
    const here = event.target.closest("[data-key],[data-reference]");
    if (!here) return;
    const beside = here.dataset.above ? from(here.dataset.above) : nodes.filter((node) => !node.dataset.above);
    const next = {
      ArrowUp: () => nodes.find((node) => node.dataset.key === here.dataset.above),
      ArrowDown: () => from(here.dataset.key)[0],
      ArrowLeft: () => beside[beside.indexOf(here) - 1],
      ArrowRight: () => beside[beside.indexOf(here) + 1],
    }[event.key]?.();
    if (!next) return;
    event.preventDefault();
    here.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
});
