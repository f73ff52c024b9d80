"""The studio in a real browser, Chromium or Chrome, driven by playwright, on a server of its own."""

from __future__ import annotations

import io
import json
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

import processes
import viceversa as vv
from serving.small_trainings import training
from viceversa.data.sets.avatars import SPLITS, labels_of, render
from viceversa.metrics.health import COLLAPSED

BROWSERS = ("chromium", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
TABS = ("Translate", "Chain", "Stylize", "Runs")


@dataclass
class Visit:
    """An open page of a running studio. asked: addresses that the browser asked for; shouted: errors of its console."""

    browser: Browser
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


def choose(visit: Visit, file: Path) -> None:
    """Give the tab Translate an image."""
    visit.page.locator(".drop input[type=file]").first.set_input_files(file)


def refusal(page: Page, words: str) -> str:
    """The line with these words that says what went wrong, which is closed then."""
    line = page.locator(".toast-body").filter(has_text=words)
    text = line.get_by_test_id("toast-text").inner_text()
    line.locator(".toast-close").click()
    expect(line).to_have_count(0)
    return text


def option(page: Page, label: str, name: str) -> None:
    """Choose the option of a list that ends in this name."""
    page.get_by_label(label).click()
    page.get_by_role("option").filter(has_text=name).click()


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
    """The page of a studio with two trainings and a report."""
    runs = tmp_path_factory.mktemp("runs")
    training(runs / "one")
    training(runs / "two", steps=30)
    (runs / "report.html").write_text("<!doctype html><title>r</title><p>A report of an evaluation</p>")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = processes.start(processes.COMMAND, "studio", runs, "--port", port, "--device", "cpu")
    address = f"http://127.0.0.1:{port}/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(10_000)
        expect.set_options(timeout=10_000)
        visit = Visit(browser, page, address, runs)
        page.on("request", lambda request: visit.asked.append(request.url))
        page.on("console", lambda message: visit.shouted.append(message.text) if message.type == "error" else None)
        for _ in range(300):
            try:
                urllib.request.urlopen(address)
            except OSError:
                assert server.poll() is None, server.communicate()
                time.sleep(0.1)
            else:
                break
        page.goto(address)
        expect(page.get_by_role("radio", name="brown")).to_be_checked()
        yield visit
        browser.close()
    server.send_signal(signal.SIGINT)
    assert server.wait(20) == 130
    assert "the studio is at" in server.communicate()[1]


def test_an_uploaded_image_is_translated_as_the_model_does(visit: Visit, faces: list[Path]) -> None:
    page = visit.page
    expect(page.get_by_role("radio", name="brown")).to_be_checked()
    choose(visit, faces[1])
    expect(page.get_by_role("radio", name="black")).to_be_checked()
    page.get_by_role("radio", name="brown").check()
    page.get_by_role("checkbox", name="glasses").check()
    page.locator("#translate").click()
    expect(page.locator("#told")).to_contain_text("hair=brown, glasses=yes")
    made = np.asarray(vv.load("avatars", device="cpu").translate(faces[1], "hair=brown,glasses=yes"))
    shown = visit.compared()
    assert len(shown) == 2 and any(np.array_equal(pixels, made) for pixels in shown)
    with page.expect_download() as download:
        page.get_by_text("Download the translation").click()
    assert np.array_equal(np.asarray(Image.open(download.value.path())), made)


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


def test_only_what_is_painted_changes(visit: Visit, faces: list[Path]) -> None:
    visit = replace(visit, page=visit.browser.new_page())  # a canvas without a GPU slows down a page
    page = visit.page
    page.goto(visit.address)
    expect(page.get_by_role("radio", name="brown")).to_be_checked()
    choose(visit, faces[2])
    expect(page.get_by_role("radio", name="black")).to_be_checked()
    page.get_by_text("Change only a part").click()
    canvas = page.locator("canvas").first
    expect(canvas).to_be_visible()
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)  # until the brush is ready, which nothing on the page tells
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2 - 60, box["y"] + box["height"] / 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 3, steps=8)
    page.mouse.up()
    page.get_by_role("radio", name="blond").check()
    page.locator("#translate").click()
    expect(page.locator("#told")).to_contain_text("hair=")
    before, after = visit.compared()
    page.close()
    same = (before == after).all(2)
    assert same[48:].all() and not same[:48].all()


def test_a_chain_shows_every_step_and_its_distance_to_the_ground_truth(visit: Visit) -> None:
    page = visit.page
    visit.tab("Chain")
    page.locator(".examples:visible button").nth(1).click()
    for edit in ("glasses=yes", "hair=brown"):
        page.get_by_label("Chain: one edit").fill(f"{page.get_by_label('Chain: one edit').input_value()}\n{edit}")
    page.locator("#chain-run").click()
    strip = page.locator("#chain-strip")
    expect(strip.locator("tbody tr")).to_have_count(2)
    assert strip.locator("img").count() == 3 + 2
    expect(strip).to_contain_text("2: hair=brown")
    expect(strip).to_contain_text("PSNR")
    shown = [np.asarray(Image.open(urllib.request.urlopen(each.get_attribute("src")))) for each in strip.locator("img").all()]  # type: ignore[arg-type]
    made = vv.load("avatars", device="cpu").chain(shown[0], ["glasses=yes", "hair=brown"])
    assert all(np.array_equal(image, step) for image, step in zip(shown[1:3], made, strict=True))


def test_an_edit_that_the_model_does_not_know_is_told_in_one_line(visit: Visit) -> None:
    page = visit.page
    page.get_by_label("Chain: one edit").fill("glasses=perhaps")
    page.locator("#chain-run").click()
    assert "Known: yes, no" in refusal(page, "perhaps")


def test_a_painting_is_seen_while_it_is_made_and_can_be_cancelled(visit: Visit, faces: list[Path]) -> None:
    page = visit.page
    visit.tab("Stylize")
    if (clear := page.locator("#content").get_by_label("Clear")).count():
        clear.click()
    page.locator("#content input[type=file]").set_input_files(faces[0])
    page.locator("#styles input[type=file]").set_input_files(faces[1:])
    page.get_by_label("number input for Long side").fill("64")
    page.get_by_label("number input for Evaluations").fill("400")
    page.locator("#paint").click()
    expect(page.locator("#painting img")).to_be_visible()
    page.locator("#cancel").click()
    expect(page.locator("#painted")).to_contain_text("Cancelled")


def test_the_curves_of_a_training_grow_while_it_trains(visit: Visit) -> None:
    page, log = visit.page, visit.runs / "one" / "metrics.jsonl"
    visit.tab("Runs")
    curve = page.locator("#run-curves polyline").first
    expect(page.locator("#run-curves")).to_contain_text("step 10 of 20")
    before = (curve.get_attribute("points") or "").split()
    with log.open("a") as file:
        file.write(json.dumps({"step": 15, "generator/adversarial": 0.05}) + "\n")
    expect(page.locator("#run-curves")).to_contain_text("step 15 of 20")
    assert len((curve.get_attribute("points") or "").split()) == len(before) + 1
    expect(page.locator("#run-curves")).to_contain_text(COLLAPSED.name)


def test_two_runs_are_compared_and_a_report_is_read(visit: Visit) -> None:
    page = visit.page
    visit.tab("Runs")
    option(page, "Second run", "two")
    expect(page.locator("#settings")).to_contain_text("training.steps")
    expect(page.locator("#second-run-curves")).to_contain_text("step 10 of 30")
    (visit.runs / "two" / "recipe.json").write_text("{}")
    (visit.runs / "two" / "metrics.jsonl").write_text("")
    expect(page.locator("#second-run-curves [role=alert]")).to_contain_text("is damaged")
    option(page, "Report of an evaluation", "report.html")
    expect(page.frame_locator("#report-frame iframe").locator("p")).to_have_text("A report of an evaluation")


@pytest.mark.parametrize("name", TABS)
def test_nothing_is_wider_than_a_telephone(visit: Visit, name: str) -> None:
    visit.page.set_viewport_size({"width": 400, "height": 800})
    visit.tab(name)
    assert visit.page.evaluate("document.scrollingElement.scrollWidth") <= 400
    visit.page.set_viewport_size({"width": 1400, "height": 1000})


def test_nothing_leaves_this_machine(visit: Visit) -> None:
    assert len(visit.asked) > 20
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
