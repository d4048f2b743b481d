// Formulas in symbols and with numbers. A piece is a text, or [symbol, what it stands for, raised].

// The formula as it is written, its arguments set off; an exponent is raised.
function inSymbols(formula) {
  const line = element("p", { class: "formula" });
  for (const piece of formula) {
    if (typeof piece === "string") line.append(piece);
    else {
      const [text, standsFor, raised] = piece;
      const symbol = standsFor === null ? text : element("var", {}, text);
      line.append(raised ? element("sup", {}, symbol) : symbol);
    }
  }
  return line;
}

// The formula with each symbol's numbers in its place; a symbol that has none stays.
// `sheetOf` gives the number of a symbol's sheet or undefined, `settings` the texts of settings.
function withNumbers(formula, sheetOf, settings = {}) {
  const line = element("div", { class: "equation" });
  let unit = null; // what no line break may part: numbers, the sign before and the one that follows
  let before = "";
  const put = (child, raised) => {
    unit ??= line.appendChild(element("span", { class: "unit" }));
    unit.append(raised ? element("sup", {}, child) : child);
  };
  const word = (text) => element("span", { class: "text" }, text);
  formula.forEach((piece, i) => {
    const [text, standsFor, raised] = typeof piece === "string" ? [piece, null, false] : piece;
    const number = standsFor === null ? undefined : sheetOf(standsFor);
    if (number === undefined) {
      const shown = (typeof standsFor === "string" && settings[standsFor]) || text;
      const gap = standsFor === null ? shown.search(/\s/) : -1;
      if (gap >= 0) {
        if (gap > 0) put(element("span", { class: "text after" }, shown.slice(0, gap)), raised);
        unit = null;
        put(word(shown.slice(gap)), raised);
      } else put(word(shown), raised);
    } else if (isScalar(story.sheets[number])) {
      if (/\d$/.test(before)) put(word(" · ")); // 2y is 2 · 3, not 23
      const negative = story.sheets[number].cells[0] < 0 && i > 0 && !/[=(]\s*$/.test(before);
      put(negative ? element("span", {}, "(", view(number), ")") : view(number), raised);
    } else put(raised ? word(text) : term(text, number), raised);
    before = text;
  });
  return line;
}

// Numbers with their symbol above them.
function term(symbol, number) {
  return element("span", { class: "term" }, element("var", {}, symbol), view(number));
}

// What withNumbers shows in place of symbols: the positions, and "y" or "g".
function substituted(formula, sheetOf) {
  const found = new Set();
  for (const piece of formula) {
    if (typeof piece === "string" || piece[1] === null) continue;
    const number = sheetOf(piece[1]);
    if (number !== undefined && !(piece[2] && !isScalar(story.sheets[number]))) found.add(piece[1]);
  }
  return found;
}
