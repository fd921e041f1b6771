// Normalises the characters of a text and splits it at white space, as `lstmcli/text/characters.py` does.

class Characters {
  constructor(tables) {
    this.tables = tables;
    this.space = new RegExp(`${tables.spaces}+`, "v");
    this.chunk = new RegExp(`[^${tables.spaces}]+`, "gv");
    this.replaced = new Map(Object.entries(tables.characters));
    this.spaceInText = tables.space_in_text && new RegExp(tables.space_in_text, "gv");
    this.longRun = new RegExp(`[\\p{M}\\u{ff9e}\\u{ff9f}]{${tables.long_run},}`, "gv");
  }

  // The parts between white space, as they are: [start, text].
  chunks(text) {
    return Array.from(text.matchAll(this.chunk), (found) => [found.index, found[0]]);
  }

  pieces(text) {
    return this.normal(text).split(this.space).filter((piece) => piece !== "");
  }

  normal(text) {
    if (!/[^\x00-\x7f]/.test(text)) return text.replaceAll("`", this.replaced.get("`"));
    for (const apostrophe of this.tables.apostrophes) text = text.replaceAll(apostrophe, "'");
    text = text.replace(this.longRun, (run) => Array.from(run).slice(0, this.tables.max_marks).join(""));
    text = text.normalize("NFKC").replace(/[\ud800-\udfff]/gu, "\ufffd");
    if (this.spaceInText) text = text.replace(this.spaceInText, " ");
    let changed = "";
    for (const character of text) changed += this.replaced.get(character) ?? character;
    return changed;
  }
}
