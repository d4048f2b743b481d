// Going from step to step: buttons, slider, keys, clicks, and playing.

const steps = story.steps;
const calls = steps.filter((step) => step.phase === "backward").length;
const forwards = steps.filter((step) => step.phase === "forward").length;
const control = Object.fromEntries(
  ["first", "back", "play", "next", "last", "slider", "counter", "speed", "theme", "smaller", "fit", "larger"].map((id) => [id, document.getElementById(id)]));

// From a node to the parts that its gradient collects: {step, index, position, after}.
const collected = new Map();
steps.forEach((step, index) => {
  for (const part of step.parts ?? []) {
    const input = story.nodes[step.node].inputs[part.position];
    if (!collected.has(input)) collected.set(input, []);
    collected.get(input).push({ step, index, position: part.position, after: part.after });
  }
});
const stepOf = { forward: new Map(), backward: new Map() };
steps.forEach((step, index) => stepOf[step.phase]?.set(step.node, index));
const seedIndex = steps.findIndex((step) => step.phase === "seed");
const root = steps[seedIndex].node;

// What is known after a step: computed nodes, and of each node the gradient so far.
function stateAfter(index) {
  const computed = new Set(), held = new Map();
  const expected = new Map([...collected].map(([node, parts]) => [node, parts.length])).set(root, 1);
  for (const step of steps.slice(0, index + 1)) {
    if (step.phase === "forward") computed.add(step.node);
    if (step.phase === "seed") held.set(root, { count: 1, sheet: step.arrived });
    for (const part of step.parts ?? []) {
      const input = story.nodes[step.node].inputs[part.position];
      held.set(input, { count: (held.get(input)?.count ?? 0) + 1, sheet: part.after });
    }
  }
  return { computed, held, expected };
}

let current = 0;
let timer = null;

function go(index) {
  current = Math.min(steps.length - 1, Math.max(0, index));
  const step = steps[current];
  markGraph(current, stateAfter(current));
  showPanel(step);
  follow(step);
  control.slider.value = current;
  control.slider.setAttribute("aria-valuetext", `step ${current} of ${steps.length - 1}, ${phaseText(step)}`);
  control.counter.textContent = phaseText(step);
  const off = (button, end) => button.setAttribute("aria-disabled", current === end); // it keeps the focus
  for (const button of [control.first, control.back]) off(button, 0);
  for (const button of [control.next, control.last]) off(button, steps.length - 1);
  Object.assign(document.body.dataset, { step: current, phase: step.phase });
  if (current === steps.length - 1) pause();
  if (!graph.contains(document.activeElement)) reachable(step.node ?? picture.boxes[0][0]);
}

function phaseText(step) {
  if (step.phase === "forward") return `forward ${story.nodes[step.node].order} of ${forwards}`;
  if (step.phase === "backward") return `backward ${current - seedIndex} of ${calls}`;
  return { start: "start", seed: "backward begins", end: "end" }[step.phase];
}

function play() {
  if (current === steps.length - 1) go(0);
  timer = setTimeout(() => { go(current + 1); if (timer !== null) play(); }, Number(control.speed.value));
  showPlaying("Pause");
}

function pause() {
  clearTimeout(timer);
  timer = null;
  showPlaying("Play");
}

function showPlaying(label) {
  control.play.querySelector("span").textContent = label;
  control.play.classList.toggle("playing", label === "Pause");
}

const toggle = () => (timer === null ? play() : pause());
const jump = (index) => { pause(); go(index); };

// To the step of a node: of an op its own in this half; of a leaf the next that uses it or adds to it.
function jumpToNode(number) {
  const half = current >= seedIndex ? "backward" : "forward";
  const own = stepOf[half].get(number);
  if (own !== undefined) return jump(own);
  const users = half === "backward" ? (collected.get(number) ?? []).map((part) => part.index)
    : steps.flatMap((step, index) => (step.phase === "forward" && story.nodes[step.node].inputs.includes(number) ? [index] : []));
  const next = users.find((index) => index > current) ?? users[0];
  if (next !== undefined) jump(next);
}

// The graph is one stop of the Tab key; within it Up and Down go from node to node.
function reachable(number) {
  for (const [other, { group }] of boxes) group.setAttribute("tabindex", other === number ? 0 : -1);
}

graph.addEventListener("click", (event) => {
  const group = event.target.closest(".node");
  if (group) { reachable(Number(group.dataset.node)); jumpToNode(Number(group.dataset.node)); }
});
graph.addEventListener("keydown", (event) => {
  const group = event.target.closest(".node");
  if (!group) return;
  const numbers = picture.boxes.map(([number]) => number);
  const place = numbers.indexOf(Number(group.dataset.node));
  const other = { ArrowUp: numbers[place - 1], ArrowDown: numbers[place + 1] }[event.key];
  if (other !== undefined) { reachable(other); boxes.get(other).group.focus(); }
  else if (event.key === "Enter" || event.key === " ") jumpToNode(numbers[place]);
  else if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
  event.preventDefault();
  event.stopPropagation();
});

const keys = {
  ArrowLeft: () => jump(current - 1), ArrowRight: () => jump(current + 1),
  Home: () => jump(0), End: () => jump(steps.length - 1), " ": toggle,
};
document.addEventListener("keydown", (event) => {
  const tag = event.target.tagName;
  const native = tag === "SELECT" || (tag === "INPUT" && event.key !== " ") || (tag === "BUTTON" && event.key === " ");
  if (native || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});

control.first.addEventListener("click", () => jump(0));
control.back.addEventListener("click", () => jump(current - 1));
control.next.addEventListener("click", () => jump(current + 1));
control.last.addEventListener("click", () => jump(steps.length - 1));
control.play.addEventListener("click", toggle);
control.slider.addEventListener("input", () => jump(Number(control.slider.value)));
control.smaller.addEventListener("click", () => setZoom(zoom / 1.2));
control.larger.addEventListener("click", () => setZoom(zoom * 1.2));
control.fit.addEventListener("click", () => setZoom(fitScale()));

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
function showTheme() {
  control.theme.textContent = isDark() ? "Light" : "Dark";
  control.theme.setAttribute("aria-label", isDark() ? "Change to light colours" : "Change to dark colours");
  repaint();
  go(current);
}
control.theme.addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  showTheme();
});
prefersDark.addEventListener("change", showTheme);

function begin() {
  control.slider.max = steps.length - 1;
  Object.assign(document.body.dataset, { forward: forwards, backward: calls, last: steps.length - 1 });
  for (const [name, part] of [["forward", seedIndex - 0.5], ["backward", steps.length - 1 - seedIndex + 0.5]]) {
    const phase = document.querySelector(".phases").appendChild(element("span", { class: name }, name));
    phase.style.flexGrow = part;
  }
  readPalette();
  drawGraph();
  setZoom(Math.min(LARGEST, Math.max(SMALLEST, fitScale())));
  const asked = Number(location.hash.slice(1));
  current = Number.isInteger(asked) ? asked : 0;
  showTheme();
}
begin();
