// The linear model over hashed n-grams, as `lstmcli/ngrams/features.py` and `score.py` compute it.

class Ngrams {
  constructor(description, tables, numLabels) {
    this.description = description;
    this.numLabels = numLabels;
    this.idf = floatsOf(tables["ngrams-idf"]);
    this.weights = rowsOf(tables["ngrams-weights"], numLabels, () => 1);
    this.places = placesOf(tables["ngrams-used"], description.buckets);
    this.negation = description.negation && new Negation(description.negation);
    this.factors = description.factors.map(BigInt);
    this.mark = this.hashes(BigInt(description.mark));
    this.known = new Map();
  }

  // What is known of a distinct token: hashes, its row as a word, and the sum of the rows of its character n-grams.
  token(token) {
    let known = this.known.get(token);
    if (known === undefined) {
      const { description } = this;
      const hashes = this.hashes(BigInt(crc32(token, description.word_seed)));
      known = { token, hashes, word: this.row(), characters: this.row() };
      this.add(known.word, hashes.word, 1);
      for (const ngram of this.characterNgrams(token)) this.add(known.characters, crc32(ngram), 1);
      if (this.known.size >= MAX_CACHED_PIECES) this.known.clear();
      this.known.set(token, known);
    }
    return known;
  }

  hashes(code) {
    const [first, second, overOne] = this.factors;
    return { word: folded(code, first), after: folded(code + 1n, second), overOne: folded(code + 1n, overOne) };
  }

  characterNgrams(token) {
    const letters = ["<", ...Array.from(token).slice(0, this.description.max_characters), ">"];
    const ngrams = new Set();
    const [least, end] = this.description.sizes;
    for (let size = least; size < end; size++) {
      for (let start = 0; start + size <= letters.length; start++) ngrams.add(letters.slice(start, start + size).join(""));
    }
    return ngrams;
  }

  row() {
    return new Float64Array(1 + this.numLabels);
  }

  // Add the row of a hash: the squared idf, and idf times the coefficient of each label.
  add(sums, hash, count) {
    const place = this.places[(hash >>> 0) % this.description.buckets];
    if (place < 0) return;
    sums[0] += (this.idf[place] * count) ** 2;
    const { step } = this.description;
    for (let label = 0; label < this.numLabels; label++) {
      sums[1 + label] += this.weights[place * this.numLabels + label] * step * count;
    }
  }

  logits(tokens) {
    const words = this.row(), characters = this.row();
    const read = this.read(tokens);
    for (const [known, number] of countsOf(read)) {
      const count = 1 + Math.log(number);
      addRow(words, known.word, count);
      addRow(characters, known.characters, count);
    }
    for (const [distance, weight] of [[1, 1], [2, this.description.over_one_weight]]) {
      if (distance === 2 && !this.description.has_marks) continue;
      for (const [bucket, number] of countsOf(this.pairs(read, distance))) {
        this.add(words, bucket, (1 + Math.log(number)) * weight);
      }
    }
    const scales = [words, characters].map((sums) => 1 / Math.sqrt(sums[0] > 0 ? sums[0] : 1));
    return this.description.intercepts.map(
      (intercept, label) => intercept + words[1 + label] * scales[0] + characters[1 + label] * scales[1]);
  }

  // Negated words are other features than elsewhere.
  read(tokens) {
    const seen = this.negation ? this.negation.marked(tokens) : tokens;
    return seen.map((token) => this.token(token));
  }

  pairs(read, distance) {
    let hashes = read.map((known) => known.hashes);
    if (this.description.has_marks) hashes = [this.mark, ...hashes, this.mark];
    const buckets = [];
    for (let at = distance; at < hashes.length; at++) {
      const after = distance === 1 ? hashes[at].after : hashes[at].overOne;
      buckets.push(((hashes[at - distance].word ^ after) >>> 0) % this.description.buckets);
    }
    return buckets;
  }
}

// For each bucket the number of its row, -1 for one that is not in use.
function placesOf(bits, numBuckets) {
  const places = new Int32Array(numBuckets).fill(-1);
  let next = 0;
  for (let bucket = 0; bucket < numBuckets; bucket++) {
    if ((bits[bucket >> 3] >> (bucket & 7)) & 1) places[bucket] = next++;
  }
  return places;
}

function countsOf(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function addRow(sums, row, count) {
  sums[0] += row[0] * count * count;
  for (let at = 1; at < row.length; at++) sums[at] += row[at] * count;
}
