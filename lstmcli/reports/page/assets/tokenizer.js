// Splits texts into tokens, as `lstmcli/text/tokenizer.py` does, with its regular expression.

const MAX_CACHED_PIECES = 20000;

class Tokenizer {
  constructor(settings) {
    const { tables } = settings;
    this.settings = settings;
    this.tables = tables;
    this.characters = new Characters(tables);
    this.pattern = new RegExp(tables.pattern, "gv");
    this.modifier = new RegExp(tables.modifier, "gv");
    this.longLetters = new RegExp(tables.long_letters, "gv");
    this.longRun = new RegExp(tables.long_letter_run, "gv");
    this.camelParts = new RegExp(tables.camel_parts, "gv");
    this.cache = new Map();
    const word = (token) => this.word(token);
    const masked = (kind, setting) => (token) =>
      settings[setting] === "mask" ? [tables.masks[kind]] : [this.fold(token)];
    this.rules = {
      plain: word,
      word,
      link: masked("link", "links"),
      email: masked("email", "links"),
      user: masked("user", "users"),
      placeholder: (token) => [this.fold(token)],
      heart: (token) => [token.replace(this.longRun, "$1")],
      face: (token) => [token.replace(this.longRun, "$1$1")],
      hashtag: (token) => this.hashtag(token),
      emoji: (token) => [token.replace(this.modifier, "") || token],
      run: (token) => (new Set(token).size > 1 ? ["?!"] : [Array.from(token).slice(0, 3).join("")]),
      invisible: () => [],
    };
  }

  // All tokens of a text; one unknown word for a text without any.
  tokens(text, unknown) {
    const tokens = this.characters.pieces(text).flatMap((piece) => this.ofPiece(piece));
    return tokens.length ? tokens : [unknown];
  }

  ofPiece(piece) {
    let tokens = this.cache.get(piece);
    if (tokens === undefined) {
      tokens = this.matches(piece).flatMap((match) => match.tokens);
      if (this.cache.size >= MAX_CACHED_PIECES) this.cache.clear();
      this.cache.set(piece, tokens);
    }
    return tokens;
  }

  // What is found in a piece, and its tokens, of which there may be none.
  matches(piece) {
    return Array.from(piece.matchAll(this.pattern), (found) => {
      const kind = this.tables.kinds.find((name) => found.groups[name] !== undefined);
      const rule = this.rules[kind];
      const tokens = rule ? rule(found[0]) : [found[0]];
      return { start: found.index, end: found.index + found[0].length, tokens };
    });
  }

  // The places of the tokens that the network reads.
  cut(numTokens) {
    const { max_tokens: most, cut } = this.settings;
    const places = Array.from({ length: numTokens }, (_, place) => place);
    if (numTokens <= most) return places;
    const numHead = { head: most, tail: 0, both: (most + 1) >> 1 }[cut];
    return [...places.slice(0, numHead), ...places.slice(numTokens - (most - numHead))];
  }

  fold(token) {
    return this.settings.lowercase ? token.toLowerCase() : token;
  }

  word(token) {
    const { settings, tables } = this;
    let word = this.fold(token);
    const isCapitals = settings.capitals === "mark" && Array.from(token).length > 1 && isUpper(token);
    const tokens = isCapitals ? [tables.capitals] : [];
    const shortened = settings.elongations === "keep" ? word : word.replace(this.longLetters, "$1$1");
    const isLong = shortened !== word;
    word = shortened;
    if (settings.contractions === "split" && word.includes("'")) tokens.push(...this.parts(word));
    else tokens.push(word);
    if (isLong && settings.elongations === "mark") tokens.push(tables.long);
    return tokens;
  }

  parts(word) {
    const folded = word.toLowerCase();
    for (const ending of ["n't", ...this.tables.endings]) {
      if (folded.endsWith(ending) && word.length > ending.length) {
        return [word.slice(0, -ending.length), word.slice(-ending.length)];
      }
    }
    return [word];
  }

  hashtag(token) {
    if (this.settings.hashtags === "keep") return [this.fold(token)];
    return ["#", ...(token.slice(1).match(this.camelParts) ?? []).flatMap((part) => this.word(part))];
  }
}

// As Python's str.isupper.
function isUpper(text) {
  return /\p{Uppercase}/v.test(text) && !/[\p{Lowercase}\p{Lt}]/v.test(text);
}
