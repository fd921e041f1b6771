// The gates as a heat map with the memory as a curve above it, as SVG, and the same numbers as a table.

const SVG = "http://www.w3.org/2000/svg";
const COLUMN = 46, ROW = 22, LEFT = 62, CURVE = 64, TOP = 10, NAMES = 66;
const MAX_DRAWN_WORDS = 200;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// `signals` are {input, forget, output, memory}, or {state} of the plain network.
function gateChart(words, signals, title) {
  const gates = Object.keys(signals).filter((name) => name !== "memory" && name !== "state");
  const curve = signals.memory ?? signals.state;
  const shown = words.slice(0, MAX_DRAWN_WORDS);
  const below = TOP + CURVE + 8 + gates.length * ROW;
  const svg = shape("svg", {
    width: LEFT + shown.length * COLUMN + 8, height: below + NAMES, role: "img", "aria-label": describe(words, signals, title),
  });
  drawCurve(svg, curve.slice(0, shown.length), signals.memory ? "memory" : "state");
  gates.forEach((name, row) => {
    const y = TOP + CURVE + 8 + row * ROW;
    svg.append(shape("text", { x: 0, y: y + 15 }, name));
    shown.forEach((word, at) => {
      const box = { x: LEFT + at * COLUMN, y, width: COLUMN - 2, height: ROW - 2 };
      const cell = shape("rect", { ...box, class: "cell", "fill-opacity": signals[name][at].toFixed(3) });
      cell.append(shape("title", {}, `${word}: ${name} ${signals[name][at].toFixed(2)}`));
      svg.append(shape("rect", { ...box, class: "empty" }), cell);
    });
  });
  shown.forEach((word, at) => {
    const x = LEFT + at * COLUMN + COLUMN / 2 - 4, y = below + 12;
    svg.append(shape("text", { x, y, transform: `rotate(50 ${x} ${y})` }, shortened(word)));
  });
  return svg;
}

function drawCurve(svg, values, name) {
  const highest = Math.max(...values, 1e-9);
  const points = values.map((value, at) => [LEFT + (at + 0.5) * COLUMN, TOP + CURVE * (1 - value / highest)]);
  svg.append(shape("text", { x: 0, y: TOP + CURVE }, name));
  svg.append(shape("text", { x: 0, y: TOP + 8, class: "quiet" }, highest.toFixed(2)));
  const right = LEFT + values.length * COLUMN;
  svg.append(shape("line", { x1: LEFT, x2: right, y1: TOP + CURVE, y2: TOP + CURVE, class: "axis" }));
  svg.append(shape("polyline", { class: "line", points: points.map((point) => point.map((x) => x.toFixed(1)).join()).join(" ") }));
  for (const [cx, cy] of points) svg.append(shape("circle", { cx, cy: cy.toFixed(1), r: 3, class: "dot" }));
}

function describe(words, signals, title) {
  const ends = Object.entries(signals).map(([name, values]) => {
    const most = indexOfHighest(values);
    return `${name} highest at ${words[most]} (${values[most].toFixed(2)})`;
  });
  return `${title}, ${words.length} words: ${ends.join(", ")}. The table below has all values.`;
}

function shortened(word) {
  const letters = Array.from(word);
  return letters.length > 12 ? `${letters.slice(0, 11).join("")}…` : word;
}

function signalTable(words, signals) {
  const names = Object.keys(signals);
  const head = element("tr", {}, ...["word", ...names].map((name, at) =>
    element("th", { scope: "col", class: at ? "number" : "" }, name)));
  const rows = words.map((word, at) => element("tr", {}, element("th", { scope: "row" }, word),
    ...names.map((name) => element("td", { class: "number" }, signals[name][at].toFixed(3)))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}
