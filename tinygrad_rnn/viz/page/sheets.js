// Numbers, tables and heat maps: how the page shows a sheet. Texts are set as text, never as HTML.

const story = JSON.parse(document.getElementById("story").textContent);
const MOST_ROWS = 12, MOST_COLUMNS = 8; // of a table; more are a heat map
const HEAT_WIDTH = 300, HEAT_HEIGHT = 190, LARGEST_CELL = 14; // pixels

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") made.className = value;
    else if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

// Four significant digits, as in the boxes; a cell that JSON cannot hold is already a text.
function written(x) {
  if (typeof x === "string") return x;
  const size = Math.abs(x);
  const plain = size === 0 || (size >= 1e-4 && size < 1e5);
  const text = plain ? String(Number(x.toPrecision(4))) : x.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e");
  return text.replaceAll("-", "−");
}

// At most seven letters, mostly: many of them stand side by side in a table.
function compact(x) {
  if (typeof x === "string") return x;
  const size = Math.abs(x);
  const plain = size === 0 || (size >= 0.01 && size < 1e4);
  const text = plain ? String(Number(x.toPrecision(3))) : x.toExponential(1).replace(".0e", "e").replace("e+", "e");
  return text.replaceAll("-", "−");
}

function shapeText(sheet) {
  return sheet.shape.length === 1 ? `(${sheet.shape[0]},)` : `(${sheet.shape.join(", ")})`;
}

const isScalar = (sheet) => sheet.shape.length === 0;
const isTable = (sheet) => !sheet.block && sheet.rows <= MOST_ROWS && sheet.columns <= MOST_COLUMNS;

function describe(sheet) {
  if (isScalar(sheet)) return written(sheet.cells[0]);
  if (!sheet.cells.length) return `shape ${shapeText(sheet)}, no numbers`;
  return `shape ${shapeText(sheet)}, from ${written(sheet.least)} to ${written(sheet.most)}`;
}

// The largest size of a number: what the strongest colour stands for.
function scaleOf(...numbers) {
  const ends = numbers.flatMap((n) => [story.sheets[n].least, story.sheets[n].most]);
  return Math.max(...ends.filter(Number.isFinite).map(Math.abs), 0);
}

let palette;
function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const rgb = (name) => style.getPropertyValue(name).trim().split(/\s+/).map(Number);
  palette = { plus: rgb("--plus"), minus: rgb("--minus"), zero: rgb("--zero"), odd: rgb("--odd") };
}

// From the colour of zero to that of plus or minus; `most` < 1 keeps numbers on it readable.
function colour(x, scale, most = 1) {
  const end = typeof x === "string" ? palette.odd : x < 0 ? palette.minus : palette.plus;
  const part = typeof x === "string" ? most : scale > 0 ? most * Math.min(1, Math.abs(x) / scale) : 0;
  return `rgb(${palette.zero.map((from, i) => Math.round(from + part * (end[i] - from))).join(" ")})`;
}

// A sheet as an element: a number, a table or a heat map.
function view(number, scale = scaleOf(number)) {
  const sheet = story.sheets[number];
  if (isScalar(sheet)) {
    return element("data", { class: "number", value: sheet.cells[0] }, written(sheet.cells[0]));
  }
  if (!sheet.cells.length) return element("span", { class: "none" }, describe(sheet));
  return isTable(sheet) ? table(sheet, scale) : heatMap(sheet, scale);
}

function table(sheet, scale) {
  const body = element("tbody");
  for (let row = 0; row < sheet.rows; row++) body.append(tableRow(sheet, row, scale));
  return element("table", { class: "sheet", "aria-label": describe(sheet) }, body);
}

function tableRow(sheet, row, scale, ...before) {
  const line = element("tr", {}, ...before);
  for (const x of sheet.cells.slice(row * sheet.columns, (row + 1) * sheet.columns)) {
    const text = sheet.columns > 2 ? compact(x) : written(x);
    const cell = line.appendChild(element("td", {}, element("data", { value: x }, text)));
    cell.style.backgroundColor = colour(x, scale, 0.4);
  }
  return line;
}

function heatMap(sheet, scale) {
  const side = Math.min(LARGEST_CELL, HEAT_WIDTH / sheet.columns, HEAT_HEIGHT / sheet.rows);
  const size = Math.max(side, 1);
  const canvas = element("canvas", {
    width: Math.max(14, Math.round(sheet.columns * size)),
    height: Math.max(14, Math.round(sheet.rows * size)),
    role: "img",
    "aria-label": `heat map, ${describe(sheet)}`,
  });
  const paint = () => {
    const brush = canvas.getContext("2d");
    const [wide, high] = [canvas.width / sheet.columns, canvas.height / sheet.rows];
    sheet.cells.forEach((x, i) => {
      brush.fillStyle = colour(x, scale);
      const [left, top] = [(i % sheet.columns) * wide, Math.floor(i / sheet.columns) * high];
      brush.fillRect(left, top, Math.ceil(wide), Math.ceil(high));
    });
  };
  canvas.addEventListener("repaint", paint);
  paint();
  const block = sheet.block ? `; a cell is the mean of ${sheet.block.join(" × ")} numbers` : "";
  const caption = element("figcaption", {},
    `${shapeText(sheet)}${block}`, element("br"), `min ${compact(sheet.least)}, max ${compact(sheet.most)}`);
  canvas.addEventListener("pointermove", (event) => {
    const row = Math.floor((event.offsetY / canvas.clientHeight) * sheet.rows);
    const column = Math.floor((event.offsetX / canvas.clientWidth) * sheet.columns);
    const x = sheet.cells[row * sheet.columns + column];
    if (x !== undefined) canvas.title = `row ${row}, column ${column}: ${written(x)}`;
  });
  return element("figure", { class: "heat" }, canvas, caption);
}

function repaint() {
  readPalette();
  for (const canvas of document.querySelectorAll("canvas")) canvas.dispatchEvent(new Event("repaint"));
}
