// How much each word speaks for a label: the mean of the fall of the log odds without it, and their rise above those of
// no known word when it stands alone, as `lstmcli/explanation/removal.py` computes it.

class Explanation {
  constructor(model, text, prediction, label) {
    const { tokens } = prediction;
    this.model = model;
    this.label = label;
    this.tokens = tokens;
    this.words = model.finder.words(text);
    this.whole = model.logOdds(prediction.logits, label);
    this.nothing = this.oddsOf([]);
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

  // Leave out the next unit, and take it alone.
  advance() {
    const unit = this.shares.length;
    const isOfUnit = (_, place) => this.unitOfToken[place] === unit;
    const without = this.oddsOf(this.tokens.filter((token, place) => !isOfUnit(token, place)));
    const alone = this.oddsOf(this.tokens.filter(isOfUnit));
    this.shares.push((this.whole - without + alone - this.nothing) / 2);
  }

  oddsOf(tokens) {
    const logits = this.model.logits(tokens.length ? tokens : [this.model.description.unknown]);
    return this.model.logOdds(logits, this.label);
  }

  // The share of each word; words of a stretch have equal parts of it.
  perWord() {
    return this.units.map((unit) => this.shares[unit] / this.sizes.get(unit));
  }
}
