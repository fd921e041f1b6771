// Where the words of a text are in it, as `lstmcli/text/spans.py` finds them.

class WordFinder {
  constructor(tokenizer) {
    this.tokenizer = tokenizer;
  }

  // [{start, end, numTokens}], words that have tokens.
  words(text) {
    return this.tokenizer.characters.chunks(text).flatMap(([at, chunk]) =>
      this.ofChunk(chunk).map(({ start, end, numTokens }) => ({ start: at + start, end: at + end, numTokens })));
  }

  ofChunk(chunk) {
    const pieces = this.tokenizer.characters.pieces(chunk);
    const { starts, ends } = this.origins(chunk, pieces.join(""));
    const found = [];
    let before = 0;
    for (const piece of pieces) {
      for (const match of this.tokenizer.matches(piece)) {
        const numTokens = match.tokens.length;
        if (numTokens) found.push({ start: starts[before + match.start], end: ends[before + match.end - 1], numTokens });
      }
      before += piece.length;
    }
    return found;
  }

  // Where the characters that became each part of `normal` start and end; the whole chunk if that is not clear.
  origins(chunk, normal) {
    const starts = [], ends = [];
    let joined = "", start = 0;
    for (const letter of lettersOf(chunk)) {
      const part = this.tokenizer.characters.pieces(letter).join("");
      const end = start + letter.length;
      if (part || !ends.length) {
        for (let unit = 0; unit < part.length; unit++) {
          starts.push(start);
          ends.push(end);
        }
      } else ends[ends.length - 1] = end;
      joined += part;
      start = end;
    }
    if (joined === normal) return { starts, ends };
    return { starts: Array(normal.length).fill(0), ends: Array(normal.length).fill(chunk.length) };
  }
}

// Each letter with the accents that follow it.
function lettersOf(chunk) {
  const letters = [];
  for (const character of chunk) {
    if (letters.length && /[\p{M}\uff9e\uff9f\u1160-\u11ff]/v.test(character)) letters[letters.length - 1] += character;
    else letters.push(character);
  }
  return letters;
}
