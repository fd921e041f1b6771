// Shows what the model says about the text: probabilities, words and gates.

const byId = (id) => document.getElementById(id);
const percent = (probability) =>
  (probability > 0 && probability < 0.0005 ? "<0.1%" : `${(100 * probability).toFixed(probability > 0.0995 ? 0 : 1)}%`);
const STRONGEST_TINT = 35;  // in percent, so that words stay legible

class View {
  constructor(model) {
    this.model = model;
    this.labels = model.description.labels;
    this.hasThresholds = model.description.thresholds.some((threshold) => threshold > 0);
    this.rows = this.labels.map((name, label) => this.labelRow(name, label));
    byId("probabilities").tBodies[0].append(...this.rows.map((row) => row.row));
    byId("probabilities").querySelector(".threshold").hidden = !this.hasThresholds;
    this.auto = element("option", { value: "" }, "the prediction");
    byId("label").append(this.auto, ...this.labels.map((name, label) => element("option", { value: label }, name)));
  }

  labelRow(name, label) {
    const threshold = this.model.description.thresholds[label];
    const value = element("td", { class: "number" });
    const bar = element("span");
    const track = element("div", { class: "bar", "aria-hidden": "true" }, bar);
    if (this.hasThresholds) {
      const mark = element("i");
      mark.style.left = `${100 * threshold}%`;
      track.append(mark);
    }
    const row = element("tr", {}, element("th", { scope: "row", dir: "auto" }, name), value);
    if (this.hasThresholds) row.append(element("td", { class: "number" }, percent(threshold)));
    row.append(element("td", { class: "wide" }, track));
    return { row, value, bar };
  }

  // In words, for eyes and for screen readers.
  answer({ probabilities, picked, isKnown }) {
    const names = this.labels.map((name, label) => [probabilities[label], name]).filter((_, label) => picked[label]);
    names.sort((first, second) => second[0] - first[0]);
    const found = names.map(([probability, name]) => `${name} ${percent(probability)}`).join(", ");
    return `Prediction: ${found || "no label"}.${isKnown ? "" : " The model knows no word of this text."}`;
  }

  show(prediction) {
    byId("results").hidden = false;
    this.rows.forEach(({ row, value, bar }, label) => {
      value.textContent = percent(prediction.probabilities[label]);
      bar.style.width = `${100 * prediction.probabilities[label]}%`;
      row.classList.toggle("picked", prediction.picked[label]);
    });
    this.auto.textContent = `the prediction (${this.labels[this.model.mainLabel(prediction)]})`;
  }

  clear() {
    byId("results").hidden = true;
    byId("answer").textContent = "";
  }

  // The words without colours, until their shares are computed.
  plainWords(text, note) {
    byId("words").replaceChildren(text);
    byId("words-note").textContent = note;
    byId("shares").replaceChildren();
  }

  words(text, explanation) {
    const shares = explanation.perWord();
    const largest = Math.max(...shares.map(Math.abs), 1e-9);
    const parts = [];
    let end = 0;
    explanation.words.forEach((word, number) => {
      if (word.start < end) return;  // several words of one stretch that can't be told apart
      parts.push(text.slice(end, word.start), this.word(text.slice(word.start, word.end), shares[number], largest));
      end = word.end;
    });
    byId("words").replaceChildren(...parts, text.slice(end));
    const name = this.labels[explanation.label];
    byId("words-note").textContent =
      `Blue, underlined: speaks for ${name}. Orange, dashed: speaks against it. Numbers are log odds: the mean of what is lost without the word, and of what it says alone.`;
    this.shareTable(text, explanation, shares);
  }

  word(text, share, largest) {
    const part = Math.abs(share) / largest;
    const made = element("span", { class: `${share > 0 ? "up" : "down"}${part < 0.1 ? " weak" : ""}`, title: signed(share) }, text);
    const color = share > 0 ? "--up" : "--down";
    made.style.backgroundColor = `color-mix(in srgb, var(${color}) ${(STRONGEST_TINT * part).toFixed(0)}%, transparent)`;
    return made;
  }

  shareTable(text, explanation, shares) {
    const head = element("tr", {}, element("th", { scope: "col" }, "word"), element("th", { scope: "col", class: "number" }, "share"));
    const rows = explanation.words.map((word, number) => element("tr", {},
      element("th", { scope: "row", dir: "auto" }, text.slice(word.start, word.end)),
      element("td", { class: "number" }, signed(shares[number]))));
    byId("shares").replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
  }

  gates({ words, directions }) {
    const { network, members } = this.model.description;
    const which = members.length > 1 ? ` of the first of ${members.length} networks` : "";
    const many = words.length > MAX_DRAWN_WORDS ? ` Drawn are the first ${MAX_DRAWN_WORDS} of ${words.length} words.` : "";
    byId("gates-note").textContent = (network.cell === "rnn"
      ? `The mean size of the state at each word, in the top layer${which}.`
      : `How far the gates open at each word (means over the units of the top layer${which}; the stronger the colour, the wider), and how much the memory holds.`) + many;
    const charts = directions.map((signals, number) => {
      const title = number ? "Backward, from the end of the text" : "Forward, from its start";
      const open = byId("directions").children[number]?.querySelector("details")?.open;
      const table = element("details", {}, element("summary", {}, "The numbers as a table"),
        element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Numbers: ${title}` }, signalTable(words, signals)));
      table.open = Boolean(open);
      const chart = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Chart: ${title}` },
        gateChart(words, signals, title));
      return element("div", {}, element("h3", {}, title), chart, table);
    });
    byId("directions").replaceChildren(...charts);
  }
}

const signed = (number) => `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(3)}`;
