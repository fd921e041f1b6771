// One network of a model, from word ids to logits, as `lstmcli/inference/network.py` computes it.

const MAX_PROJECTED_WORDS = 5000;

class Network {
  constructor(settings, member, tables) {
    this.settings = settings;
    const named = namedWeights(member.weights, floatsOf(tables[`${member.name}-weights`]));
    const { scales } = named;
    this.rank = member.rank;
    this.vectors = rowsOf(tables[`${member.name}-vectors`], member.rank, (word) => scales[word]);
    this.layers = Array.from({ length: settings.layers }, (_, layer) =>
      Array.from({ length: settings.bidirectional ? 2 : 1 }, (__, number) =>
        new Direction(part(named, `recurrent.layers.${layer}.${number}.`), settings.cell, settings.hidden_size)));
    this.pooling = part(named, "pooling.");
    this.output = part(named, "output.");
    this.projected = new Map();
  }

  // W x + b of a word in each direction of the first layer.
  word(id) {
    let found = this.projected.get(id);
    if (found === undefined) {
      const vector = this.vectors.subarray(id * this.rank, (id + 1) * this.rank);
      found = this.layers[0].map((direction) => direction.project(vector));
      if (this.projected.size >= MAX_PROJECTED_WORDS) this.projected.clear();
      this.projected.set(id, found);
    }
    return found;
  }

  // The states of the top layer. `trace`, if it is given, takes the gates of its directions.
  states(ids, trace) {
    let states;
    const pieces = pieceLengths(ids.length, this.settings.chunk_tokens);
    this.layers.forEach((layer, depth) => {
      const isTop = depth === this.layers.length - 1;
      const directions = layer.map((direction, number) => {
        const inputs = states
          ? states.map((state) => direction.project(state))
          : ids.map((id) => this.word(id)[number]);
        const own = trace && isTop ? (trace[number] = []) : undefined;
        return readPieces(direction, inputs, pieces, number === 1, own);
      });
      states = directions.length === 1 ? directions[0] : directions[0].map((state, step) => joined(state, directions[1][step]));
    });
    return states;
  }

  logits(ids) {
    const pooled = POOLINGS[this.settings.pooling](this.states(ids), this.pooling, this.settings.hidden_size);
    const logits = Float32Array.from(this.output.bias);
    addProduct(logits, this.output.weight, pooled);
    return logits;
  }
}

function readPieces(direction, inputs, pieces, isBackward, trace) {
  let start = 0;
  return pieces.flatMap((length) => {
    const own = trace && [];
    const states = direction.run(inputs.slice(start, start + length), isBackward, own);
    if (trace) trace.push(...own);
    start += length;
    return states;
  });
}

// As few pieces of at most `most` tokens as possible, as equal as possible.
function pieceLengths(length, most) {
  if (!most || length <= most) return [length];
  const count = Math.ceil(length / most);
  const shortest = Math.floor(length / count);
  return Array.from({ length: count }, (_, number) => shortest + (number < length % count ? 1 : 0));
}

function joined(first, second) {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function namedWeights(shapes, values) {
  const named = {};
  let start = 0;
  for (const [name, shape] of shapes) {
    const end = start + shape.reduce((product, size) => product * size, 1);
    named[name] = values.subarray(start, end);
    start = end;
  }
  return named;
}

function part(named, prefix) {
  const own = Object.entries(named).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, values]) => [name.slice(prefix.length), values]));
}
