// Starts the page: loads the model, and follows what is typed. Slow parts wait until the typing pauses.

const SHOW_GATES_AFTER = 60, EXPLAIN_AFTER = 120, ANNOUNCE_AFTER = 500;  // milliseconds
const SLICE = 12;  // milliseconds of computing between two looks at the keyboard
const MAX_AUTOMATIC_WORK = 12000;  // tokens of all versions of a text; longer texts are explained on request

const pause = () => new Promise((resolve) => setTimeout(resolve));

class Page {
  constructor(model) {
    this.model = model;
    this.view = new View(model);
    this.timers = {};
    this.turn = 0;
    byId("text").addEventListener("input", () => this.typed());
    byId("label").addEventListener("change", () => this.explain(true));
    byId("colour").addEventListener("click", () => this.explain(true));
  }

  later(name, milliseconds, action) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(action, milliseconds);
  }

  typed() {
    this.turn++;
    this.text = byId("text").value;
    Object.values(this.timers).forEach(clearTimeout);
    if (!this.text.trim()) {
      this.view.clear();
      return;
    }
    this.prediction = this.model.predict(this.text);
    this.view.show(this.prediction);
    this.view.plainWords(this.text, "");
    byId("colour").hidden = true;
    const answer = this.view.answer(this.prediction);
    byId("answer").setAttribute("aria-busy", "true");
    this.later("gates", SHOW_GATES_AFTER, () => this.view.gates(this.model.inspect(this.prediction.tokens)));
    this.later("words", EXPLAIN_AFTER, () => this.explain(false));
    this.later("answer", byId("answer").textContent ? ANNOUNCE_AFTER : 0, () => {
      byId("answer").textContent = answer;
      byId("answer").setAttribute("aria-busy", "false");
    });
  }

  async explain(isWanted) {
    if (!this.text?.trim()) return;
    const turn = ++this.turn, { text } = this;
    const chosen = byId("label").value;
    const label = chosen === "" ? this.model.mainLabel(this.prediction) : Number(chosen);
    const explanation = new Explanation(this.model, text, this.prediction, label);
    const isLong = explanation.work > MAX_AUTOMATIC_WORK;
    byId("colour").hidden = isWanted || !isLong;
    if (isLong && !isWanted) return;
    while (!explanation.isDone) {
      const end = performance.now() + SLICE;
      while (!explanation.isDone && performance.now() < end) explanation.advance();
      if (isLong) byId("words-note").textContent = `${explanation.shares.length} of ${explanation.numUnits} words …`;
      await pause();
      if (turn !== this.turn) return;
    }
    this.view.words(text, explanation);
  }
}

async function start() {
  const page = JSON.parse(byId("model").textContent);
  const model = new Model(page.model, await readTables(page.alphabet, page.sizes));
  const follow = new Page(model);
  byId("status").textContent = "The model is ready.";
  byId("text").disabled = false;
  if (byId("text").value) follow.typed();  // kept by the browser
  return model;
}

function explained(model, text, label) {
  const prediction = model.predict(text);
  const explanation = new Explanation(model, text, prediction, label ?? model.mainLabel(prediction));
  while (!explanation.isDone) explanation.advance();
  const shares = explanation.perWord();
  return explanation.words.map(({ start: first, end }, number) => [text.slice(first, end), shares[number]]);
}

// For the console of the browser.
const ready = start();
ready.catch((error) => {
  byId("status").textContent = `This browser can't run the model (${error.message}). It needs a version from 2023 or later.`;
});
window.lstmcli = {
  ready: ready.then(() => true),
  predict: async (text) => (await ready).predict(text),
  explain: async (text, label) => explained(await ready, text, label),
  inspect: async (text) => (await ready).inspect((await ready).tokens(text)),
};
