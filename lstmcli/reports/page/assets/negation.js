// Words in the scope of a negation, as `lstmcli/ngrams/negation.py` finds them.

class Negation {
  constructor(description) {
    this.description = description;
    this.negations = new Set(description.negations);
    this.clauses = new Set(description.clauses);
    this.functionWords = new Set(description.function_words);
  }

  role(token) {
    const word = token.toLowerCase();
    if (this.negations.has(word)) return "negation";
    if (this.clauses.has(word) || !/[\p{L}\p{N}]/v.test(word)) return "end";
    return this.functionWords.has(word) ? "function" : "word";
  }

  // The tokens, with twins in the place of negated words.
  marked(tokens) {
    let left = 0;
    return tokens.map((token) => {
      const role = this.role(token);
      const isInScope = left > 0 && role !== "end";
      if (role === "negation") left = this.description.scope;
      else left = isInScope ? left - 1 : 0;
      return isInScope && role === "word" ? this.twin(token) : token;
    });
  }

  twin(token) {
    const { plane, mask } = this.description;
    return Array.from(token, (character) => String.fromCodePoint(plane + (character.codePointAt(0) & mask))).join("");
  }
}
