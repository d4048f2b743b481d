// What happens now: the panel on the right, built anew for each step.

const details = document.getElementById("details");
const heading = (text, ...more) => element("h2", {}, text, ...more);
const section = (title, ...children) => element("section", {}, element("h3", {}, title), ...children);

// An op's heading: its name or number, its time step and scope.
function opHeading(node) {
  const place = node.scope ? element("span", { class: "place" }, node.scope) : "";
  return heading(node.handle, " ", place);
}

const builders = {
  start: () => [
    heading("Forward, then backward"),
    element("ol", { class: "guide" },
      element("li", {}, "Forward: each op takes its inputs and computes one result. Follow the blue arrows down."),
      element("li", {}, "Backward: each op takes the gradient of its result and passes a part to each of its inputs. Follow the orange arrows up."),
      element("li", {}, "A value that is used several times receives several parts. They are added.")),
    element("p", { class: "hint" }, "Keys: ← and → step, space plays, Home and End jump. Click a box to go to its step."),
  ],

  forward(step) {
    const node = story.nodes[step.node];
    const law = story.laws[node.law];
    const sheetOf = (what) => (what === "y" ? node.value : typeof what === "number" ? story.nodes[node.inputs[what]].value : undefined);
    const shown = substituted(law.formula, sheetOf);
    const counted = shown.size ? section("With numbers", withNumbers(law.formula, sheetOf, node.written)) : "";
    const rest = [...node.inputs.keys()].filter((position) => !shown.has(position));
    const inputs = rest.map((position) => term(law.symbols[position], sheetOf(position)));
    return [
      opHeading(node),
      section(`The formula of ${node.op}`, inSymbols(law.formula), settingsLine(node)),
      inputs.length ? section(shown.size > 1 ? "Other inputs" : "Inputs", element("div", { class: "equation" }, ...inputs)) : "",
      counted,
      shown.has("y") ? "" : section("Result", element("div", { class: "equation" }, term("y", node.value))),
      legendOf(node, law),
    ];
  },

  seed(step) {
    return [
      heading("Where the gradient begins"),
      section("Gradient of the loss", element("div", { class: "equation" }, element("span", { class: "text" }, "∂loss/∂loss = "), view(step.arrived))),
      element("p", { class: "hint" }, "From here on every op is visited once more, in reverse order. By then all that used its result has reported, so its gradient is whole."),
    ];
  },

  backward(step) {
    const node = story.nodes[step.node];
    const law = story.laws[node.law];
    return [
      opHeading(node),
      section("1 · The gradient that has arrived", element("div", { class: "equation" },
        element("span", { class: "text" }, element("var", {}, "g"), " = ∂loss/∂y = "), view(step.arrived)),
        element("p", { class: "note" }, `y = ${describe(story.sheets[node.value])}, computed in forward step ${node.order}: `, inline(law.formula))),
      section(`2 · The local rule of ${node.op}`, element("p", { class: "formula" }, law.derivative),
        element("p", { class: "note" }, meaningOf(law, step.parts[0].position)), settingsLine(node)),
      section("3 · A part for each input", ...step.parts.map((part) => card(step, node, law, part))),
    ];
  },

  end: (step) => [
    heading("The gradients"),
    ...step.leaves.map(([number, sheet]) => {
      const node = story.nodes[number];
      return section(node.handle, usesOf(number, Infinity),
        element("div", { class: "equation", "data-leaf": number },
          term("value", node.value), element("span", { class: "text" }, " "), term("grad", sheet)));
    }),
  ],
};

const inline = (formula) => {
  const line = inSymbols(formula);
  const span = element("span", { class: "inline" });
  span.append(...line.childNodes);
  return span;
};

const settingsLine = (node) => (node.settings ? element("p", { class: "note" }, `settings: ${node.settings}`) : "");

// Which box each symbol is.
function legendOf(node, law) {
  const pairs = [["y", node.handle], ...node.inputs.map((input, i) => [law.symbols[i], story.nodes[input].handle])];
  const items = pairs.filter(([symbol, handle]) => symbol !== handle)
    .map(([symbol, handle]) => element("li", {}, element("var", {}, symbol), ` is ${handle}`));
  return items.length ? section("Symbols", element("ul", { class: "symbols" }, ...items)) : "";
}

// What the d of a derivative's formula means.
function meaningOf(law, position) {
  const symbol = law.symbols[position];
  return `d${symbol} is the part of ∂loss/∂${symbol} that comes through this op: the chain rule, with g for all that lies behind y.`;
}

// What one input receives: the rule with numbers, then before += part → after.
function card(step, node, law, part) {
  const number = node.inputs[part.position];
  const input = story.nodes[number];
  const symbol = law.symbols[part.position];
  const sheetOf = (what) =>
    what === "y" ? node.value : what === "g" ? step.arrived : typeof what === "number" ? story.nodes[node.inputs[what]].value : undefined;
  const scalars = isScalar(story.sheets[part.given]) && node.inputs.every((n) => isScalar(story.sheets[story.nodes[n].value]));
  const clause = law.counted[part.position];
  const line = element("div", { class: "equation" }, element("span", { class: "formula" }, law.clauses[part.position]));
  if (scalars) {
    const equals = () => element("span", { class: "text" }, " = ");
    const right = clause.slice(clause.findIndex((piece) => typeof piece === "string" && piece.includes("=")) + 1);
    if (right.length > 1) line.append(equals(), ...withNumbers(right, sheetOf, node.written).childNodes);
    line.append(equals(), view(part.given));
  }
  return element("article", { class: "card", "data-input": number },
    element("h4", {}, element("var", {}, symbol), symbol === input.handle ? "" : ` is ${input.handle}`),
    line,
    part.summed ? element("p", { class: "note" }, `${symbol} was repeated to fill the shape of y: its part is the sum over the repeats, of shape ${input.shape}.`) : "",
    sumOf(part, (/^d\S+(?= =)/.exec(law.clauses[part.position]) ?? [`d${symbol}`])[0]),
    usesOf(number, step, part.position));
}

// before += part → after: as a sum in columns, side by side, or as heat maps with the numbers behind.
function sumOf(part, given) {
  const sheet = story.sheets[part.given];
  const parts = [["before", part.before], [`+= ${given}`, part.given], ["→ after", part.after]];
  const scale = scaleOf(...parts.map(([, number]) => number).filter((number) => number !== null));
  const tables = () => element("div", { class: "sum" }, ...parts.map(([name, number]) =>
    named(name, number === null ? nothing() : view(number, scale))));
  if (!isTable(sheet) || isScalar(sheet) || sheet.columns <= 2) return tables();
  if (sheet.rows === 1) {
    const rows = parts.map(([name, number]) => {
      const title = element("th", { scope: "row" }, name);
      return number === null ? element("tr", {}, title, element("td", { colSpan: sheet.columns, class: "left" }, nothing()))
        : tableRow(story.sheets[number], 0, scale, title);
    });
    return element("table", { class: "sheet addition" }, element("tbody", {}, ...rows));
  }
  const maps = parts.map(([name, number]) => named(name, number === null ? nothing() : heatMap(story.sheets[number], scale)));
  const numbers = element("details", { open: numbersOpen }, element("summary", {}, "as numbers"), tables());
  numbers.addEventListener("toggle", () => { numbersOpen = numbers.open; });
  return element("div", {}, element("div", { class: "sum three" }, ...maps), numbers);
}

let numbersOpen = false; // kept from step to step

const nothing = () => element("span", { class: "none" }, "nothing yet");

const named = (name, shown) => element("div", { class: "named" }, element("span", { class: "name" }, name), shown);

// One chip for each part that a node's gradient collects, in the order in which they come.
function usesOf(number, now, position) {
  const list = element("ul", { class: "uses", "aria-label": "parts of this gradient" });
  const parts = collected.get(number) ?? [];
  if (parts.length < 2) return "";
  let arrived = true;
  parts.forEach((part) => {
    const current = part.step === now && part.position === position;
    const node = story.nodes[part.step.node];
    const from = node.time === null ? node.handle : `t = ${node.time}`;
    const state = current ? "now" : arrived ? "added" : "to come";
    list.append(element("li", { class: state.replace(" ", "-"), title: node.handle }, `${from}: ${state}`));
    if (current) arrived = false;
  });
  return list;
}

function showPanel(step) {
  document.getElementById("words").textContent = step.words;
  details.replaceChildren(...builders[step.phase](step).filter((child) => child !== ""));
  document.getElementById("now").scrollTop = 0;
}
