"""The studio in a real browser, Chromium or Chrome, driven by playwright, on a server that the lines of docs/studio.md start."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

import processes
import viceversa as vv
from serving.server import running
from serving.small_trainings import styled, training, with_weights
from training.small import Started, wait
from viceversa.data.sets.avatars import SPLITS, labels_of, render
from viceversa.metrics.health import COLLAPSED
from viceversa.runs.weights import latest_checkpoint

BROWSERS = ("chromium", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
DOCS = (Path(__file__).resolve().parents[2] / "docs" / "studio.md").read_text()
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
TIMEOUT = 90_000
"""Milliseconds that the page has for each answer, on a machine that does much else."""
TABS = ("Translate", "Chain", "Stylize", "Runs")
TINY = [
    "--size", "16", "--steps", "100000", "--batch", "2", "--method.width", "4", "--method.blocks", "1",
    "--method.critic-width", "4", "--training.no-labeller", "--training.checkpoint-every", "50", "--training.precision", "fp32",
]  # fmt: skip
"""A training that begins at once, and never ends."""


@dataclass
class Visit:
    """An open page of a running studio. asked: addresses that the browser asked for; shouted: errors of its console."""

    page: Page
    address: str
    runs: Path
    asked: list[str] = field(default_factory=list)
    shouted: list[str] = field(default_factory=list)

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    def pixels(self, image: str) -> np.ndarray:
        """The pixels of the file that an image element shows."""
        return np.asarray(Image.open(io.BytesIO(self.page.request.get(image).body())).convert("RGB"))

    def compared(self) -> list[np.ndarray]:
        """The two images that the slider shows: the source and the translation."""
        sources = [image.get_attribute("src") for image in self.page.locator("#compared img").all()]
        return [self.pixels(source) for source in dict.fromkeys(sources) if source]

    def translates(self, made: object) -> None:
        """Press Translate, and wait until the slider shows this image."""
        self.page.locator("#translate").click()
        for _ in range(100):
            if any(np.array_equal(pixels, np.asarray(made)) for pixels in self.compared()):
                return
            self.page.wait_for_timeout(100)
        pytest.fail("the page shows another translation")

    def downloaded(self, button: str) -> np.ndarray:
        """The image in the file that a button gives."""
        with self.page.expect_download() as download:
            self.page.get_by_text(button).click()
        return np.asarray(Image.open(download.value.path()))


def choose(visit: Visit, file: Path) -> None:
    """Give the tab Translate an image."""
    visit.page.locator(".drop input[type=file]").first.set_input_files(file)


def refusal(page: Page, words: str) -> str:
    """The line with these words that says what went wrong, of which a screen reader tells, and which is closed then."""
    line = page.get_by_role("alert").filter(has_text=words)
    text = line.get_by_test_id("toast-text").inner_text()
    line.locator(".toast-close").click()
    expect(line).to_have_count(0)
    return text


def option(page: Page, label: str, name: str) -> None:
    """Choose the option of a list that ends in this name."""
    page.get_by_label(label, exact=True).locator("visible=true").click()
    page.get_by_role("option").filter(has_text=re.compile(f"{name}$")).click()


@pytest.fixture(scope="module")
def browser_path() -> str:
    """A browser. Its absence is a failure: nothing else tests the page."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, "there is no browser: apt-get install chromium"
    return found


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four test faces as files."""
    folder, persons = tmp_path_factory.mktemp("faces"), SPLITS["test"][:4]
    for number, pixels in enumerate(render(persons, labels_of(persons), 64)):
        Image.fromarray(pixels).save(folder / f"face{number}.png")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def visit(browser_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """The page of a studio with two trainings, a model that has styles, and a report."""
    home = tmp_path_factory.mktemp("studio")
    runs = home / "runs"
    with_weights(training(runs / "one"))
    training(runs / "two", steps=30)
    styled(runs / "styled")
    (runs / "report.html").write_text("<!doctype html><title>r</title><p>A report of an evaluation</p>")
    with running(command(home), status=130) as (address, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000}, reduced_motion="reduce")
        page.set_default_timeout(TIMEOUT)
        expect.set_options(timeout=TIMEOUT)
        visit = Visit(page, address, runs)
        page.on("request", lambda request: visit.asked.append(request.url))
        page.on("console", lambda message: visit.shouted.append(message.text) if message.type == "error" else None)
        page.goto(address)
        expect(page.get_by_role("radio", name="brown")).to_be_checked()
        yield visit
        browser.close()
    assert f"the studio is at {address}" in process.communicate()[1]


def command(home: Path) -> Callable[[int], Started]:
    """What starts the studio as the page's command does, on another port."""
    (lines,) = re.findall(r"```bash\n(.*?)```", DOCS, re.DOTALL)
    install, line = lines.splitlines()
    assert install == "pip install -c constraints.txt '.[studio]'" and line.startswith("viceversa studio ")
    return lambda port: processes.start(processes.COMMAND, *shlex.split(line)[1:], "--port", port, "--device", "cpu", cwd=home)


def test_the_lines_of_python_serve_the_page(tmp_path: Path) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    training(tmp_path / "runs" / "one")
    assert "port=7860" in lines
    with running(lambda port: processes.start(lines.replace("7860", str(port)), cwd=tmp_path), status=-2) as (address, _):
        assert b"Viceversa studio" in urllib.request.urlopen(f"{address}config").read()


def test_an_uploaded_image_is_translated_as_the_model_does(visit: Visit, faces: list[Path], tmp_path: Path) -> None:
    """At the model's size, and at its own."""
    page, model, large = visit.page, vv.load("avatars", device="cpu"), tmp_path / "large.png"
    Image.open(faces[1]).resize((90, 80), Image.Resampling.BICUBIC).save(large)
    choose(visit, large)
    expect(page.get_by_role("radio", name="black")).to_be_checked()
    page.get_by_role("radio", name="brown").check()
    page.get_by_role("checkbox", name="glasses").check()
    made = model.translate(large, "hair=brown,glasses=yes")
    visit.translates(made)
    expect(page.locator("#told")).to_contain_text("hair=brown, glasses=yes")
    assert len(visit.compared()) == 2
    assert np.array_equal(visit.downloaded("Download the translation"), np.asarray(made))
    page.get_by_label("Full size").check()
    whole = model.translate(large, "hair=brown,glasses=yes", full_size=True)
    assert whole.size == (90, 80)
    visit.translates(whole)
    assert np.array_equal(visit.downloaded("Download the translation"), np.asarray(whole))
    page.get_by_label("Full size").uncheck()


def test_a_translation_needs_no_mouse(visit: Visit, faces: list[Path]) -> None:
    page = visit.page
    visit.tab("Translate")
    choose(visit, faces[3])
    expect(page.get_by_role("radio", name="black")).to_be_checked()
    smile = page.get_by_role("checkbox", name="smile")
    smiles = smile.is_checked()
    smile.focus()
    page.keyboard.press("Space")
    expect(smile).to_be_checked(checked=not smiles)
    for _ in range(30):
        if page.evaluate("document.activeElement.id") == "translate":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text(f"smile={('yes', 'no')[smiles]}")


def test_an_image_unlike_the_training_data_is_told_so_before_it_is_translated(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    noise = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(noise)
    choose(visit, noise)
    expect(page.locator("#notice [role=alert]")).to_contain_text("does not look like the images")
    expect(page.locator("#told")).to_be_empty()
    page.get_by_role("button", name="Paint it in a style instead").click()
    expect(page.locator("#content")).to_contain_text("noise")
    visit.tab("Translate")
    page.get_by_role("button", name="Take a test image").click()
    expect(page.locator("#notice [role=alert]")).to_have_count(0)


def test_a_file_that_is_no_image_is_refused_in_one_line(visit: Visit, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    choose(visit, bad)
    assert "cannot" in (line := refusal(visit.page, "bad.png")) and "Traceback" not in line and "/tmp" not in line


def test_a_chain_by_two_models_shows_every_step_and_its_distance_to_the_ground_truth(visit: Visit) -> None:
    page, edits = visit.page, ["glasses=yes", "hair=brown"]
    visit.tab("Chain")
    page.locator(".examples:visible button").nth(1).click()
    option(page, "Second model, for comparison", "one")
    for edit in edits:
        option(page, "Edit", edit)
        page.locator("#chain-add").click()
        expect(page.get_by_label("Chain: one edit")).to_have_value(re.compile(f"{edit}$"))
    page.locator("#chain-run").click()
    strip = page.locator("#chain-strip")
    expect(strip.locator("tbody tr")).to_have_count(3)
    expect(strip).to_contain_text("2: hair=brown")
    assert [strip.locator("small").filter(has_text=words).count() for words in ("drift", "error", "PSNR")] == [4, 4, 4]
    shown = [np.asarray(Image.open(urllib.request.urlopen(each.get_attribute("src")))) for each in strip.locator("img").all()]  # type: ignore[arg-type]
    assert len(shown) == 3 + 3 + 2
    for place, run in enumerate(("avatars", visit.runs / "one")):
        source, *steps = shown[3 * place : 3 * place + 3]
        made = vv.load(run, device="cpu").chain(source, edits)
        assert all(np.array_equal(image, step) for image, step in zip(steps, made, strict=True))
    assert not np.array_equal(shown[1], shown[4]), "two models"


def test_an_edit_that_the_model_does_not_know_is_told_in_one_line(visit: Visit) -> None:
    page = visit.page
    page.get_by_label("Chain: one edit").fill("glasses=perhaps")
    page.locator("#chain-run").click()
    assert "Known: yes, no" in refusal(page, "perhaps")


def test_a_painting_is_seen_while_it_is_made_and_can_be_cancelled_or_kept(visit: Visit, faces: list[Path]) -> None:
    page = visit.page
    visit.tab("Stylize")
    if (clear := page.locator("#content").get_by_label("Clear")).count():
        clear.click()
    page.locator("#paint").click()
    assert refusal(page, "as content") == "give an image as content, and one or more as styles."
    page.locator("#content input[type=file]").set_input_files(faces[0])
    page.locator("#styles input[type=file]").set_input_files(faces[1:])
    page.get_by_label("number input for Long side").fill("64")
    page.get_by_label("number input for Evaluations").fill("400")
    page.locator("#paint").click()
    expect(page.locator("#painting img")).to_be_visible()
    page.locator("#cancel").click()
    expect(page.locator("#painted")).to_contain_text("Cancelled")
    page.get_by_label("number input for Evaluations").fill("10")
    page.locator("#paint").click()
    expect(page.locator("#painted")).to_have_text("Done: 10 evaluations.")
    shown = page.locator("#painting img").get_attribute("src") or ""
    kept = visit.downloaded("Download the picture")
    assert kept.shape == (64, 64, 3) and np.array_equal(visit.pixels(shown), kept)


def test_two_runs_are_compared_and_a_report_is_read(visit: Visit) -> None:
    page = visit.page
    visit.tab("Runs")
    expect(page.locator("#run-curves")).to_contain_text("step 10 of 20")
    expect(page.locator("#run-curves")).to_contain_text(COLLAPSED.name)
    option(page, "Second run, for comparison", "two")
    expect(page.locator("#settings")).to_contain_text("training.steps")
    expect(page.locator("#second-run-curves")).to_contain_text("step 10 of 30")
    (visit.runs / "two" / "recipe.json").write_text("{}")
    (visit.runs / "two" / "metrics.jsonl").write_text("")
    expect(page.locator("#second-run-curves [role=alert]")).to_contain_text("is damaged")
    option(page, "Report of an evaluation", "report.html")
    expect(page.frame_locator("#report-frame iframe").locator("p")).to_have_text("A report of an evaluation")


@pytest.fixture(scope="module")
def live(visit: Visit) -> Iterator[Started]:
    """A training between two spaces below the studio's folder, begun after the page was opened."""
    random, run = np.random.default_rng(0), visit.runs / "live"
    for name in ("summer", "winter"):
        (visit.runs.parent / "photos" / name).mkdir(parents=True)
        for number in range(12):
            pixels = random.integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(visit.runs.parent / "photos" / name / f"{number}.png")
    process = processes.start(
        processes.COMMAND, "train", "cyclegan", "--data", visit.runs.parent / "photos", "--out", run, *TINY, cwd=visit.runs.parent
    )
    wait(process, lambda: (run / "metrics.jsonl").exists())
    yield process
    process.kill()


def test_the_curves_of_a_training_grow_while_it_trains_until_it_is_killed(visit: Visit, live: Started) -> None:
    page = visit.page
    page.get_by_role("button", name="Look for new runs").click()
    option(page, "Run", "live")
    state = page.locator("#run-curves .state")
    expect(state).to_have_text("training")
    points = page.locator("#run-curves polyline").first.get_attribute("points") or ""
    grown = "count => document.querySelector('#run-curves polyline').getAttribute('points').split(' ').length > count"
    page.wait_for_function(grown, arg=len(points.split()))
    wait(live, lambda: latest_checkpoint(visit.runs / "live") is not None)
    live.kill()
    assert live.wait(30) == -9
    expect(state).to_have_text("stopped")


def test_a_model_between_two_spaces_translates_to_either(visit: Visit, live: Started, faces: list[Path]) -> None:
    page, model = visit.page, vv.load(visit.runs / "live", device="cpu")
    visit.tab("Translate")
    option(page, "Model", "live")
    expect(page.get_by_text("Choose an image to see")).to_be_visible()
    choose(visit, faces[0])
    expect(page.get_by_role("radio", name="winter")).to_be_checked()
    visit.translates(model.translate(faces[0], "winter"))
    page.get_by_role("radio", name="summer").check()
    visit.translates(model.translate(faces[0], "summer"))


def test_styles_come_from_the_dice_or_a_reference_and_a_person_says_what_an_image_shows(visit: Visit, faces: list[Path]) -> None:
    page, model = visit.page, vv.load(visit.runs / "styled", device="cpu")
    option(page, "Model", "styled")
    expect(page.get_by_text("Choose an image to see")).to_be_visible()
    choose(visit, faces[1])
    expect(page.get_by_role("heading", name="The image shows")).to_be_visible()
    page.get_by_role("radio", name="brown").first.check()
    page.get_by_role("radio", name="blond").last.check()
    asked = {"to": {"hair": "blond"}, "source": {"hair": "brown"}}
    visit.translates(first := model.translate(faces[1], **asked))
    dice, seed = page.get_by_role("button", name="Roll the dice"), page.get_by_label("Style: a number")
    dice.click()
    expect(seed).not_to_have_value("0")
    rolled = model.translate(faces[1], seed=int(seed.input_value()), **asked)
    assert not np.array_equal(np.asarray(rolled), np.asarray(first))
    visit.translates(rolled)
    page.locator("#reference input[type=file]").set_input_files(faces[2])
    visit.translates(model.translate(faces[1], reference=faces[2], **asked))


def test_nothing_is_wider_than_a_telephone(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 400, "height": 800})
    for name in TABS:
        visit.tab(name)
        assert visit.page.evaluate("document.scrollingElement.scrollWidth") <= 400, name
    visit.page.set_viewport_size({"width": 1400, "height": 1000})


def test_only_what_is_painted_changes(visit: Visit, faces: list[Path]) -> None:
    """Late: once the brush is there, a page without a GPU is slow."""
    page = visit.page
    visit.tab("Translate")
    option(page, "Model", "avatars")
    choose(visit, faces[2])
    expect(page.get_by_role("heading", name="The image shows")).to_have_count(0)
    expect(page.get_by_role("radio", name="black")).to_be_checked()
    page.get_by_text("Change only a part").click()
    canvas = page.locator("canvas").first
    expect(canvas).to_be_visible()
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)  # until the brush is ready, which nothing on the page tells
    box = canvas.bounding_box()
    assert box
    middle, height = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
    page.mouse.move(middle - 60, height)
    page.mouse.down()
    page.mouse.move(middle + 60, height)
    page.mouse.up()
    page.get_by_role("radio", name="blond").check()
    page.locator("#translate").click()
    expect(page.locator("#told")).to_contain_text("hair=")
    before, after = visit.compared()
    same = (before == after).all(2)
    assert same[48:].all() and not same[:48].all()


def test_nothing_leaves_this_machine(visit: Visit) -> None:
    """All that was asked for by now."""
    assert len(visit.asked) > 20 and not visit.shouted
    assert {urlsplit(url).hostname for url in visit.asked if urlsplit(url).scheme in ("http", "https")} == {"127.0.0.1"}


def test_actions_need_the_pages_own_origin_and_files_are_not_served(visit: Visit) -> None:
    for origin, host, code in (("http://evil.example", "127.0.0.1", 403), ("", "127.0.0.1", 403), ("", "evil.example", 403)):
        headers = {"Host": f"{host}:{urlsplit(visit.address).port}", "Content-Type": "application/json"} | (
            {"Origin": origin} if origin else {}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(f"{visit.address}gradio_api/queue/join", b"{}", headers))
        assert refused.value.code == code
    for path in ("/etc/passwd", str(visit.runs / "one" / "metrics.jsonl"), str(Path(vv.__file__)), "https://example.com/a.png"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{visit.address}gradio_api/file={path}")
        assert refused.value.code in (403, 404)
