"use strict";
// Tables are whole without this script; it lets readers sort and filter them.
const FILTERED_ROWS = 12;

const valueOf = (row, column) => row.cells[column].textContent.trim();

const numberIn = (text) => {
  const found = /^[+\u2212-]?[\d,]*\.?\d+/.exec(text);
  return found ? Number(found[0].replaceAll(",", "").replace("\u2212", "-")) : NaN;
};

const compare = (a, b) => {
  const [x, y] = [numberIn(a), numberIn(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return Number.isNaN(x) ? a.localeCompare(b) : x - y;
};

const sort = (table, column) => {
  const heads = [...table.tHead.rows[0].cells];
  const up = heads[column].getAttribute("aria-sort") !== "ascending";
  for (const head of heads) head.removeAttribute("aria-sort");
  heads[column].setAttribute("aria-sort", up ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => (up ? 1 : -1) * compare(valueOf(a, column), valueOf(b, column)));
  body.append(...rows);
};

const addFilter = (figure, table) => {
  const label = document.createElement("label");
  label.className = "filter";
  const input = document.createElement("input");
  input.type = "search";
  label.append("Show rows with ", input);
  figure.querySelector(".wide").before(label);
  input.addEventListener("input", () => {
    const wanted = input.value.toLocaleLowerCase();
    for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
  });
};

for (const figure of document.querySelectorAll("figure.table")) {
  const table = figure.querySelector("table");
  const rows = table.tBodies[0].rows.length;
  if (table.classList.contains("matrix")) continue;
  if (rows > 1) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, column));
      head.append(button);
    });
  }
  if (rows > FILTERED_ROWS) addFilter(figure, table);
}

// What is folded belongs on paper, too.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const each of opened) each.open = true;
});
addEventListener("afterprint", () => {
  for (const each of opened) each.open = false;
});
