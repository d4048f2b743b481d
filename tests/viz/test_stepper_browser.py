"""The page in a real browser: what people see, press and click."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.viz.graphs import first_expression
from tests.viz.stepper_graphs import GRAPHS, HOSTILE, leaves, loss_at_every_step, recurrent
from tinygrad_rnn import Value
from tinygrad_rnn.viz.escaping import printable
from tinygrad_rnn.viz.stepper import stepper

pytestmark = pytest.mark.browser


class Page:
    """An open page, and what must not happen on it."""

    def __init__(self, page: Any, path: Path) -> None:
        self.page = page
        self.path = path
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        page.goto(path.as_uri())

    @property
    def step(self) -> int:
        return int(self.page.locator("body").get_attribute("data-step"))

    def count(self, name: str) -> int:
        return int(self.page.locator("body").get_attribute(f"data-{name}"))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def words(self) -> str:
        return str(self.page.locator("#words").inner_text())

    def go(self, step: int) -> None:
        self.page.evaluate(
            "n => { const s = document.getElementById('slider'); s.value = n;"
            " s.dispatchEvent(new Event('input')); }",
            step,
        )


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Write a graph's page and open it; afterwards nothing may have been asked or complained of."""
    opened: list[Page] = []

    def open_one(loss: Value, **settings: Any) -> Page:
        settings = {
            "viewport": {"width": 1280, "height": 800},
            "reduced_motion": "reduce",
        } | settings
        path = stepper(loss, tmp_path / f"page{len(opened)}.html")
        opened.append(Page(browser.new_page(**settings), path))
        return opened[-1]

    yield open_one
    for page in opened:
        page.page.close()
        assert page.complaints == []
        assert page.requests == [page.path.as_uri()]


def test_every_step_forward_and_back_by_the_buttons(open_page: Callable[..., Page]) -> None:
    loss = first_expression()
    page = open_page(loss)
    loss.backward()
    ops = sum(
        node.rule is not None for node in tg.viz.snapshot(loss).originals if isinstance(node, Value)
    )
    assert page.count("forward") == ops
    assert page.count("backward") == ops  # every op of it is on the way to a leaf
    assert page.count("last") == 2 * ops + 2
    said = [page.words()]
    forward, back = page.page.locator("#next"), page.page.locator("#back")
    assert page.page.locator("#first").is_disabled() and back.is_disabled()
    while forward.is_enabled():
        forward.click()
        said.append(page.words())
    assert [text.split(".")[0] for text in said[1 : ops + 1]] == [
        f"Forward {i} of {ops}" for i in range(1, ops + 1)
    ]
    assert said[ops + 1].startswith("Backward begins.")
    assert [text.split(".")[0] for text in said[ops + 2 : -1]] == [
        f"Backward {i} of {ops}" for i in range(1, ops + 1)
    ]
    assert said[-1].startswith("Done.")
    assert page.page.locator("#last").is_disabled()
    back.click()
    assert page.words() == said[-2]
    page.page.click("#first")
    assert (page.step, page.words()) == (0, said[0])
    page.page.click("#last")
    assert page.step == page.count("last")


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_the_last_frame_is_the_gradient(kind: str, open_page: Callable[..., Page]) -> None:
    loss = recurrent(kind)
    page = open_page(loss)
    loss.backward()
    page.press("End")
    shown = page.page.evaluate(
        """() => [...document.querySelectorAll('[data-leaf]')].map(leaf =>
            [...leaf.querySelectorAll('.term:last-child data')].map(x => Number(x.value)))"""
    )
    titles = page.page.locator("#details section h3").all_inner_texts()
    reached = leaves(loss)
    assert titles == [leaf.name for leaf in reached]
    assert len(shown) == len(reached) == 4
    for numbers, leaf in zip(shown, reached, strict=True):
        np.testing.assert_allclose(numbers, np.ravel(leaf.grad), rtol=1e-6, atol=1e-12)


def test_keys(open_page: Callable[..., Page]) -> None:
    page = open_page(first_expression())
    page.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft")
    assert page.step == 2
    page.press("End")
    assert page.step == page.count("last")
    page.press("ArrowRight")
    assert page.step == page.count("last")
    page.press("Home", "ArrowLeft")
    assert page.step == 0
    page.press("Control+ArrowRight")
    assert page.step == 0  # the browser's own keys stay the browser's


def test_play_and_pause(open_page: Callable[..., Page]) -> None:
    page = open_page(first_expression())
    page.page.select_option("#speed", "400")
    page.page.locator("#now").focus()
    page.press("Space")
    assert page.page.locator("#play").inner_text().strip() == "Pause"
    page.page.locator("body:not([data-step='0'], [data-step='1'])").wait_for(timeout=30_000)
    page.page.click("#play")
    assert page.page.locator("#play").inner_text().strip() == "Play"
    stopped = page.step
    page.page.wait_for_timeout(600)
    assert page.step == stopped
    page.go(page.count("last") - 1)
    page.page.locator("#play").focus()
    page.press("Space")  # the button's own key: once, not twice
    page.page.locator("body[data-phase=end]").wait_for(timeout=30_000)
    assert page.page.locator("#play").inner_text().strip() == "Play"


def test_the_slider(open_page: Callable[..., Page]) -> None:
    page = open_page(first_expression())
    slider = page.page.locator("#slider")
    slider.focus()
    page.press("ArrowRight", "ArrowRight")
    assert page.step == 2
    assert slider.get_attribute("aria-valuetext") == "step 2 of 52, forward 2 of 25"
    box = slider.bounding_box()
    page.page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    assert page.step == pytest.approx(0.75 * page.count("last"), abs=2)
    page.press("Home")
    assert page.step == 0


def test_a_click_on_a_box_goes_to_its_step(open_page: Callable[..., Page]) -> None:
    page = open_page(recurrent("RNN"))
    box = page.page.locator(".node", has_text="tanh").nth(1)
    box.click()
    assert page.words().startswith("Forward 4 of 11, t = 1. tanh takes")
    page.go(page.count("last"))
    box.click()
    assert page.words().startswith("Backward 8 of 11, t = 1. tanh (4) has its whole gradient")
    # A weight: each click goes to the next part that its gradient receives.
    weight = page.page.locator(".node", has_text="weight_hh_l0")
    page.go(page.count("forward") + 1)
    parts = []
    for _ in range(3):
        weight.click()
        card = page.page.locator("article", has=page.page.get_by_text("is weight_hh_l0"))
        parts.append(card.locator(".uses .now").inner_text())
    assert parts == ["t = 2: now", "t = 1: now", "t = 0: now"]


def test_a_weight_is_seen_to_collect(open_page: Callable[..., Page]) -> None:
    page = open_page(recurrent("RNN"))
    weight = page.page.locator(".node", has_text="bias_hh_l0")
    shown = []
    for step in range(page.count("forward") + 1, page.count("last")):
        page.go(step)
        text = weight.locator(".gradient").text_content()
        if not shown or shown[-1] != text:
            shown.append(text)
    assert shown == ["", "1/3 parts", "2/3 parts", "grad ✓"]


def test_the_keyboard_alone(open_page: Callable[..., Page]) -> None:
    page = open_page(first_expression())
    seen = []
    for _ in range(13):
        page.press("Tab")
        seen.append(
            page.page.evaluate("document.activeElement.id || document.activeElement.classList[0]")
        )
    assert seen == [
        *("theme", "node", "smaller", "fit", "larger", "now"),
        *("first", "back", "play", "next", "last", "slider", "speed"),
    ]
    page.page.locator("#next").focus()
    page.press("End", "ArrowLeft", "Enter", "Enter", "ArrowLeft")  # at an end it keeps the focus
    assert page.step == page.count("last") - 1
    page.press("Home")
    page.page.locator("#theme").focus()
    page.press("Tab", "ArrowDown", "ArrowDown", "Enter")  # the second op, after the leaves a, b
    assert page.step == 1
    assert page.page.evaluate("document.activeElement.classList[0]") == "node"
    page.press("ArrowRight")
    assert page.step == 2
    page.press("ArrowUp", "ArrowUp", "Space")  # leaf a: the next op that uses it, no playing
    assert page.step == page.page.evaluate("Number(document.body.dataset.step)") > 2
    assert page.page.locator("#play").inner_text().strip() == "Play"


def test_what_a_screen_reader_is_told(open_page: Callable[..., Page]) -> None:
    page = open_page(first_expression())
    words = page.page.locator("#words")
    assert words.get_attribute("aria-live") == "polite"
    page.press("ArrowRight", "ArrowRight")
    assert words.inner_text() == "Forward 2 of 25. multiply takes a and b and gives −8."
    nameless = page.page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, [role=button], canvas')]
            .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim()
                           || e.labels?.length)).length"""
    )
    assert nameless == 0
    current = page.page.locator("[aria-current=step]")
    assert current.get_attribute("aria-label") == "multiply (2): −8"
    page.press("End")
    node = page.page.locator(".node", has_text="grad 138.8")
    assert node.get_attribute("aria-label") == "a: −4; gradient whole"
    assert page.page.locator("html").get_attribute("lang") == "en"


def test_a_hostile_name_is_a_name(open_page: Callable[..., Page]) -> None:
    loss = loss_at_every_step(HOSTILE)
    loss.name = "<b onclick=alert(3)>bold"
    page = open_page(loss)
    for step in range(page.count("last") + 1):
        page.go(step)
    assert page.page.locator("h1").inner_text() == "Step by step: <b onclick=alert(3)>bold"
    assert page.page.locator("img, b, script").count() == 2  # its own data and script
    assert page.page.locator("#details h3").all_inner_texts() == [printable(HOSTILE)]
    assert page.page.locator("[onclick], [onerror]").count() == 0


def test_the_policy_lets_nothing_out(open_page: Callable[..., Page]) -> None:
    page = open_page(first_expression())
    blocked = page.page.evaluate(
        """() => new Promise(done => {
            document.addEventListener('securitypolicyviolation', e => done(e.blockedURI));
            new Image().src = 'http://127.0.0.1:9/x.png'; })"""
    )
    assert blocked.startswith("http://127.0.0.1:9/")
    page.requests.remove(blocked)  # asked for by this test; the browser refused, and said so
    assert all("Content Security Policy" in complaint for complaint in page.complaints)
    page.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_can_be_read(scheme: str, open_page: Callable[..., Page]) -> None:
    page = open_page(recurrent("RNN"), color_scheme=scheme)
    assert lightness(page.page, "--paper") > 0.8 if scheme == "light" else 0.1
    check_contrast(page.page)
    before = lightness(page.page, "--paper")
    page.page.click("#theme")
    check_contrast(page.page)
    after = lightness(page.page, "--paper")
    assert (before > 0.5) != (after > 0.5)
    page.page.click("#theme")
    assert lightness(page.page, "--paper") == before


def lightness(page: Any, variable: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.1)."""
    text = page.evaluate(
        """name => { const probe = document.body.appendChild(document.createElement('i'));
            probe.style.color = `var(${name})`;
            const found = getComputedStyle(probe).color; probe.remove(); return found; }""",
        variable,
    )
    channels = [int(n) / 255 for n in text.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def check_contrast(page: Any) -> None:
    for front, back, least in [
        ("--ink", "--panel", 7),
        ("--ink", "--box", 7),
        ("--ink", "--backward-fill", 7),
        ("--soft", "--panel", 4.5),
        ("--soft", "--paper", 4.5),
        ("--soft", "--band", 4.5),
        ("--forward", "--paper", 4.5),
        ("--backward", "--paper", 4.5),
        ("--backward", "--backward-fill", 4.5),
        ("--backward", "--part-fill", 4.5),
        ("--panel", "--backward", 4.5),
    ]:
        light, dark = sorted([lightness(page, front), lightness(page, back)], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= least, (front, back)


@pytest.mark.parametrize("name", ["expression", "LSTM", "language model", "loss at every step"])
def test_nothing_is_cut_off(name: str, open_page: Callable[..., Page]) -> None:
    page = open_page(GRAPHS[name]())
    last = page.count("last")
    for step in range(0, last + 1, max(1, last // 12)):
        page.go(step)
        wide = page.page.evaluate(
            """() => ['now', 'details'].concat(['html', 'footer', 'header']).filter(name => {
                const e = document.getElementById(name) ?? document.querySelector(name);
                return e.scrollWidth > e.clientWidth + 1; })"""
        )
        assert wide == [], step
    page.go(last)
    sticking_out = page.page.evaluate(
        """() => [...document.querySelectorAll('.node')].filter(node => {
            const box = node.querySelector('rect').getBBox();
            return [...node.querySelectorAll('.title, .value, .gradient')].some(text => {
                const b = text.getBBox();
                return text.textContent && (b.x < box.x || b.x + b.width > box.x + box.width
                    || b.y < box.y - 1 || b.y + b.height > box.y + box.height + 1.5); });
            }).map(node => node.textContent)"""
    )
    assert sticking_out == []


def test_large_arrays_are_heat_maps_and_small_ones_tables(open_page: Callable[..., Page]) -> None:
    page = open_page(loss_at_every_step())
    page.go(1)  # h @ W
    maps = page.page.locator("#details canvas")
    assert maps.count() == 3
    assert page.page.locator("#details table").count() == 0
    painted = page.page.evaluate(
        """() => { const c = document.querySelector('#details canvas');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            return new Set(Array.from({length: d.length / 4}, (_, i) =>
                d.slice(4 * i, 4 * i + 3).join())).size; }"""
    )
    assert painted > 50
    assert "min −" in page.page.locator("#details figcaption").first.inner_text()
    page = open_page(recurrent("RNN"))
    page.go(1)
    assert page.page.locator("#details table").count() >= 5
    assert page.page.locator("#details canvas").count() == 0


def test_the_current_op_is_always_in_sight(open_page: Callable[..., Page]) -> None:
    page = open_page(recurrent("LSTM"))
    hidden = []
    for step in range(1, page.count("last"), 3):
        page.go(step)
        visible = page.page.evaluate(
            """() => { const view = document.getElementById('view').getBoundingClientRect();
                const box = document.querySelector('.node.current').getBoundingClientRect();
                return box.left >= view.left && box.right <= view.right
                    && box.top >= view.top && box.bottom <= view.bottom; }"""
        )
        if not visible:
            hidden.append(step)
    assert hidden == []


def test_motion_is_reduced_where_that_is_asked_for(open_page: Callable[..., Page]) -> None:
    def duration(page: Page) -> str:
        found = page.page.evaluate(
            "getComputedStyle(document.querySelector('.outline')).transitionDuration"
        )
        return str(found)

    loss = first_expression()
    assert duration(open_page(loss)) == "0s"
    assert duration(open_page(loss, reduced_motion="no-preference")).startswith("0.2s")


def test_a_step_can_be_linked_to_and_a_narrow_screen_stacks(open_page: Callable[..., Page]) -> None:
    page = open_page(first_expression(), viewport={"width": 420, "height": 800})
    page.page.goto(page.path.as_uri() + "#7")
    page.page.reload()
    assert page.step == 7
    page.requests[1:] = []
    graph, panel = (page.page.locator(x).bounding_box() for x in ("#left", "#now"))
    assert panel["y"] >= graph["y"] + graph["height"] - 1
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 420
