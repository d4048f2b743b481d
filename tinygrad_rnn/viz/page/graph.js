// The graph on the left: drawn once, then marked step by step.

const picture = story.picture;
const HEADER = 30; // the height of the time axis
const SMALLEST = 0.85, LARGEST = 1.25; // of the first view

function shape(tag, properties = {}, ...children) {
  const made = document.createElementNS(graph.namespaceURI, tag);
  for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const boxes = new Map(); // from a node's number to its elements
const arrows = []; // {source, target, position, path}
const graphView = document.getElementById("view");
const graph = document.getElementById("graph");
const axis = document.getElementById("axis");
let zoom = 1;

function drawGraph() {
  const heads = ["forward", "backward", "idle"].map((name) =>
    shape("marker", {
      id: `head-${name}`, class: `head ${name}`, viewBox: "0 0 8 8", refX: 7, refY: 4,
      markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse",
    }, shape("path", { d: "M0 0.5L8 4L0 7.5z" })));
  graph.append(shape("defs", {}, ...heads));
  const timed = picture.bands.length > 1;
  for (const [title, left, top, width, height] of timed ? picture.bands : []) {
    const time = title.startsWith("t = ") ? "time" : "";
    graph.append(shape("rect", { class: `band ${time}`, x: left, y: top, width, height }));
    axis.append(shape("text", { class: `tick ${time}`, x: left + width / 2, y: 15, "data-title": title }, title));
  }
  const steps = picture.bands.filter(([title]) => title.startsWith("t = "));
  if (steps.length > 1) {
    const end = steps.at(-1)[1] + steps.at(-1)[3];
    axis.append(shape("path", { class: "course", d: `M${steps[0][1]} 25H${end}` }));
  }
  for (const [title, left, top, width, height] of picture.frames) {
    graph.append(shape("rect", { class: "frame", x: left, y: top, width, height, rx: 6 }));
    graph.append(shape("text", { class: "module", x: left + 6, y: top + 12 }, title));
  }
  for (const [source, target, position, path] of picture.arrows) {
    const line = shape("path", { class: "arrow", d: path });
    arrows.push({ source, target, position, path: graph.appendChild(line) });
  }
  for (const [number, ...box] of picture.boxes) graph.append(drawBox(number, ...box));
  for (const svg of [axis, graph]) svg.setAttribute("preserveAspectRatio", "xMinYMin");
  graph.setAttribute("viewBox", `0 ${timed ? HEADER : 0} ${picture.width} ${picture.height - (timed ? HEADER : 0)}`);
  axis.setAttribute("viewBox", `0 0 ${picture.width} ${HEADER}`);
  axis.style.display = timed ? "" : "none";
}

function drawBox(number, left, top, width, height) {
  const node = story.nodes[number];
  const middle = left + width / 2;
  const title = shape("text", { class: "title", x: middle, y: top + 12.5 }, node.title);
  const order = shape("text", { class: "order", x: left + width - 3, y: top - 2.5 }, node.order ?? "");
  const value = shape("text", { class: "value", x: middle, y: top + 25 });
  const gradient = shape("text", { class: "gradient", x: middle, y: top + 37 });
  const tag = shape("text", { class: "tag", x: left + 2, y: top - 3 });
  const outline = shape("rect", { class: `outline ${node.kind}`, x: left, y: top, width, height, rx: node.kind === "op" ? 11 : 2 });
  const group = shape("g", { class: "node", role: "button", tabindex: -1, "data-node": number }, outline, order, title, value, gradient, tag);
  boxes.set(number, { group, outline, value, gradient, tag, box: [left, top, width, height] });
  return group;
}

const short = (number) => (isScalar(story.sheets[number]) ? written(story.sheets[number].cells[0]) : shapeText(story.sheets[number]));

// Mark the state after a step: what is computed, which gradients have arrived, what is at work.
function markGraph(index, state) {
  const step = story.steps[index];
  const backward = ["seed", "backward", "end"].includes(step.phase);
  const inputs = new Map(); // from the inputs of the op at work to their symbols
  if (step.phase === "forward" || step.phase === "backward") {
    const node = story.nodes[step.node];
    const used = step.parts ? step.parts.map((part) => part.position) : [...node.inputs.keys()];
    for (const position of used) {
      const input = node.inputs[position];
      const symbol = story.laws[node.law].symbols[position];
      inputs.set(input, [...(inputs.get(input) ?? []), step.parts ? `d${symbol}` : symbol]);
    }
  }
  for (const [number, { group, outline, value, gradient, tag }] of boxes) {
    const node = story.nodes[number];
    const computed = !node.order || state.computed.has(number);
    const held = state.held.get(number);
    const whole = held && held.count === state.expected.get(number);
    outline.classList.toggle("has-part", Boolean(held) && !whole);
    outline.classList.toggle("has-whole", Boolean(whole));
    group.classList.toggle("future", !computed);
    group.classList.toggle("current", number === step.node);
    group.classList.toggle("backward", backward);
    group.classList.toggle("input", inputs.has(number));
    value.textContent = computed ? short(node.value) : "";
    gradient.textContent = held ? gradientText(held, state.expected.get(number)) : "";
    tag.textContent = (inputs.get(number) ?? []).join(", ");
    const arrived = !held ? "no gradient yet" : whole ? "gradient whole" : `${held.count} of ${state.expected.get(number)} parts of its gradient`;
    const result = computed ? describe(story.sheets[node.value]) : "not computed yet";
    group.setAttribute("aria-label", `${node.handle}: ${result}${backward ? `; ${arrived}` : ""}`);
    if (number === step.node) group.setAttribute("aria-current", "step");
    else group.removeAttribute("aria-current");
  }
  for (const { source, target, position, path } of arrows) {
    const active = target === step.node && (step.phase === "forward" || (step.parts ?? []).some((part) => part.position === position));
    path.classList.toggle("forward", active && !backward);
    path.classList.toggle("backward", active && backward);
    path.classList.toggle("future", !state.computed.has(target));
    path.setAttribute("marker-end", active && backward ? "" : `url(#head-${active ? "forward" : "idle"})`);
    path.setAttribute("marker-start", active && backward ? "url(#head-backward)" : "");
    if (active) path.parentNode.insertBefore(path, boxes.get(picture.boxes[0][0]).group);
  }
  const band = picture.bands.find(([, left, , width]) => {
    const place = boxes.get(step.node)?.box;
    return place && place[0] >= left - 1 && place[0] < left + width;
  });
  for (const tick of axis.querySelectorAll(".tick")) tick.classList.toggle("current", tick.dataset.title === band?.[0]);
  axis.classList.toggle("backward", backward);
  const arrow = axis.querySelector(".course");
  arrow?.setAttribute("marker-end", backward ? "" : "url(#head-forward)");
  arrow?.setAttribute("marker-start", backward ? "url(#head-backward)" : "");
}

function gradientText(held, expected) {
  const sheet = story.sheets[held.sheet];
  if (held.count < expected) return `${held.count}/${expected} ${isScalar(sheet) ? written(sheet.cells[0]) : "parts"}`;
  return isScalar(sheet) ? `grad ${written(sheet.cells[0])}` : "grad ✓";
}

function setZoom(scale) {
  zoom = Math.min(3, Math.max(0.2, scale));
  const [, , width, height] = graph.getAttribute("viewBox").split(" ").map(Number);
  for (const svg of [axis, graph]) svg.style.width = `${width * zoom}px`;
  graph.style.height = `${height * zoom}px`;
  axis.style.height = `${HEADER * zoom}px`;
}

function fitScale() {
  return Math.min((graphView.clientWidth - 4) / picture.width, (graphView.clientHeight - 4) / picture.height);
}

// Scroll so that the op at work and its inputs are seen, the op first.
function follow(step) {
  if (step.node === undefined || !boxes.has(step.node)) return;
  const seen = [step.node, ...(story.nodes[step.node].inputs ?? [])].map((n) => boxes.get(n)?.box).filter(Boolean);
  const top0 = Number(graph.getAttribute("viewBox").split(" ")[1]);
  const target = { behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" };
  for (const [side, at, length, space, header] of [["left", 0, 2, "clientWidth", 0], ["top", 1, 3, "clientHeight", axis.clientHeight]]) {
    const origin = side === "top" ? top0 : 0;
    const room = graphView[space] - header;
    const begin = (box) => (box[at] - origin) * zoom;
    const end = (box) => begin(box) + box[length] * zoom;
    let low = begin(seen[0]), high = end(seen[0]);
    for (const box of seen.slice(1)) {
      const [a, b] = [Math.min(low, begin(box)), Math.max(high, end(box))];
      if (b - a < room - 40) [low, high] = [a, b];
    }
    const now = graphView[side === "left" ? "scrollLeft" : "scrollTop"];
    if (low < now + 20 || high > now + room - 20) target[side] = (low + high) / 2 - room / 2;
  }
  graphView.scrollTo(target);
}
