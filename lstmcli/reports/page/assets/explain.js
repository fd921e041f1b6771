// By how much the log odds of a label fall when a word is left out, as `lstmcli/explanation` computes it.

class Explanation {
  constructor(model, text, prediction, label) {
    const { tokens } = prediction;
    this.model = model;
    this.label = label;
    this.tokens = tokens;
    this.words = model.finder.words(text);
    this.whole = model.logOdds(prediction.logits, label);
    const perUnit = Math.max(1, Math.ceil(this.words.length / model.description.max_units));
    this.units = this.words.map((_, number) => Math.floor(number / perUnit));
    this.unitOfToken = this.words.flatMap((word, number) => Array(word.numTokens).fill(this.units[number]));
    this.numUnits = this.words.length ? this.units.at(-1) + 1 : 0;
    this.sizes = countsOf(this.units);
    this.shares = [];
  }

  // How many tokens all versions of the text have together, by which the time grows.
  get work() {
    return this.numUnits * this.tokens.length;
  }

  get isDone() {
    return this.shares.length === this.numUnits;
  }

  // Leave out the next unit.
  advance() {
    const unit = this.shares.length;
    const kept = this.tokens.filter((_, place) => this.unitOfToken[place] !== unit);
    const logits = this.model.logits(kept.length ? kept : [this.model.description.unknown]);
    this.shares.push(this.whole - this.model.logOdds(logits, this.label));
  }

  // The share of each word; words of a stretch have equal parts of it.
  perWord() {
    return this.units.map((unit) => this.shares[unit] / this.sizes.get(unit));
  }
}
