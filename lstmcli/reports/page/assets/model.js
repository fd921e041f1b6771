// The whole model: text to probabilities and labels, as `lstmcli/inference/predictor.py` and `metrics/decisions.py`.

class Model {
  constructor(description, tables) {
    this.description = description;
    const words = new TextDecoder("utf-8", { ignoreBOM: true }).decode(tables.words).split("\n");
    this.ids = new Map(words.map((word, id) => [word, id]));
    this.unknownId = this.ids.get(description.unknown);
    this.tokenizer = new Tokenizer(description.tokenizer);
    this.finder = new WordFinder(this.tokenizer);
    this.networks = description.members.map((member) => new Network(description.network, member, tables));
    this.ngrams = description.ngrams && new Ngrams(description.ngrams, tables, description.labels.length);
  }

  tokens(text) {
    return this.tokenizer.tokens(text, this.description.unknown);
  }

  // The ids of the words that the network reads.
  wordIds(tokens) {
    const ids = tokens.map((token) => this.ids.get(token) ?? this.unknownId);
    return this.tokenizer.cut(ids.length).map((place) => ids[place]);
  }

  // Logits divided by the temperature.
  logits(tokens) {
    const { ngram_share: share, temperature } = this.description;
    const ids = this.wordIds(tokens);
    const ofNetworks = this.networks.map((network) => network.logits(ids));
    const ofNgrams = this.ngrams?.logits(tokens);
    return this.description.labels.map((_, label) => {
      const mean = ofNetworks.reduce((sum, logits) => sum + logits[label], 0) / ofNetworks.length;
      return (ofNgrams ? (1 - share) * mean + share * ofNgrams[label] : mean) / temperature;
    });
  }

  predict(text) {
    const tokens = this.tokens(text);
    const logits = this.logits(tokens);
    const probabilities = this.description.kind === "single" ? softmax(logits) : logits.map(sigmoid);
    const isKnown = tokens.some((token) => (this.ids.get(token) ?? this.unknownId) !== this.unknownId);
    return { tokens, logits, probabilities, picked: this.decide(probabilities), isKnown };
  }

  // Whether each label is picked.
  decide(probabilities) {
    const { kind, thresholds, at_least_one: atLeastOne } = this.description;
    if (kind === "single") {
      const best = indexOfHighest(probabilities);
      return probabilities.map((probability, label) => label === best && probability >= thresholds[label]);
    }
    const picked = probabilities.map((probability, label) => probability >= thresholds[label]);
    if (!atLeastOne || picked.some(Boolean)) return picked;
    const best = indexOfHighest(probabilities.map((each, label) => each / Math.max(thresholds[label], 1e-9)));
    return picked.map((_, label) => label === best);
  }

  // The label that is explained unless another one is chosen: the most probable of those that are picked, or of all.
  mainLabel({ probabilities, picked }) {
    const anyPicked = picked.some(Boolean);
    return indexOfHighest(probabilities.map((probability, label) => (!anyPicked || picked[label] ? probability : -1)));
  }

  logOdds(logits, label) {
    if (this.description.kind !== "single" || logits.length === 1) return logits[label];
    const others = logits.filter((_, other) => other !== label);
    const highest = Math.max(...others);
    return logits[label] - highest - Math.log(others.reduce((sum, logit) => sum + Math.exp(logit - highest), 0));
  }

  // What the top layer of the first network does at each word that it reads, as means over its units.
  inspect(tokens) {
    const trace = [];
    this.networks[0].states(this.wordIds(tokens), trace);
    const words = this.tokenizer.cut(tokens.length).map((place) => tokens[place]);
    return { words, directions: trace.map((steps) => signalsOf(steps, this.description.network)) };
  }
}

// As `lstmcli inspect` shows them; the memory is the mean of absolute values of the cell state.
function signalsOf(steps, { cell, hidden_size: size }) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / size;
  if (cell === "rnn") return { state: steps.map((step) => mean(step.hidden.map(Math.abs))) };
  const gate = (number) => steps.map((step) => mean(step.gates.subarray(number * size, (number + 1) * size)));
  const memory = steps.map((step) => mean(step.cell.map(Math.abs)));
  return { input: gate(0), forget: gate(1), output: gate(3), memory };
}

function indexOfHighest(values) {
  return values.reduce((best, value, at) => (value > values[best] ? at : best), 0);
}
