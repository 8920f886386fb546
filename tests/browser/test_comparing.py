"""The page that compares: how photographs come onto it, what is drawn over them, and what a score is worth."""

import base64
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.evaluations.calibrations import Calibration, CalibrationStore
from core.evaluations.run_scores import RunScores
from core.evaluations.scoring import pipeline_of
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.messaging.presence import Presence
from core.standing import Point
from core.storage.connection import connect
from core.vocabulary import Policy
from tests.support.browsing import Browsing, NewTab, Tab, expect

RUN = "run_01a21645994ca6b9dc853e7b79b6e4b2"
POINTS = (
    Point(0.1, 0.19, 272, 3000, 0.08, 0.0999, None),
    Point(0.01, 0.3, 20, 3000, 0.004, 0.00967, None),
    Point(0.001, None, None, None, None, None, "needs at least 2995 non-mated trials"),
)


@pytest.fixture
def calibrated(browsing: Browsing) -> Iterator[RunScores]:
    """The scores of a run that has calibrated the pack, for this test alone."""
    server = browsing.stack.settings.redis
    facts, *_ = Presence(server).comparing()
    chance = random.Random(5)
    scores = RunScores.of(
        non_mated=[chance.uniform(-0.1, 0.3) for _ in range(2999)] + [0.363],
        mated=[chance.uniform(0.4, 0.65) for _ in range(2998)] + [0.35, 0.9],
    )
    made = Calibration(
        *(facts.pack.name, facts.pack.digest, RUN, "lfw", "d" * 64, facts.detection_size, 0.0, POINTS),
        pipeline=pipeline_of(facts, Policy.LARGEST),
    )
    CalibrationStore(server).put(made, scores)
    yield scores
    connect(server).delete(f"calibration:{facts.pack.digest}", f"calibration-scores:{RUN}")


def choose(tab: Tab, reference: Path, probe: Path) -> None:
    for side, photograph in (("reference", reference), ("probe", probe)):
        tab.page.locator(f"[data-side={side}] input[type=file]").set_input_files(photograph)


def compare(tab: Tab, reference: Path, probe: Path, **choices: str) -> Any:
    """Choose both, have them compared; what is shown of it."""
    tab.page.goto("/")
    choose(tab, reference, probe)
    for name, value in choices.items():
        tab.page.locator(f"[name={name}]").select_option(value)
    tab.page.get_by_role("button", name="Compare", exact=True).click()
    answer = tab.page.locator("#answer")
    expect(answer.get_by_role("heading", level=2)).to_be_visible()
    return answer


def test_two_photographs_that_are_dropped_are_compared_and_the_score_stands_among_those_of_the_run(
    tab: Tab, samples: Mapping[str, Path], calibrated: RunScores
) -> None:
    page = tab.page
    page.goto("/")
    start = page.get_by_role("button", name="Compare", exact=True)
    expect(start).to_be_disabled()
    tab.drop(page.locator("[data-side=reference] .choose"), samples["obama.jpg"], samples["obama2.jpg"])
    expect(page.locator("[data-side=reference] .caption")).to_contain_text("obama.jpg")
    expect(page.locator("[data-side=probe] .caption")).to_contain_text("obama2.jpg")
    start.click()
    answer = page.locator("#answer")
    expect(answer.get_by_role("heading", name="Match", exact=True)).to_be_visible()
    for state in ("queued", "running", "succeeded"):
        expect(page.locator("#progress")).to_contain_text(state)
    expect(answer.locator(".standing")).to_have_text(
        f"Of 3000 non-mated pairs of run {RUN} on lfw, 0 scored as high; of 3000 mated pairs, 2999 scored as low."
    )
    expect(answer).to_contain_text("non-mated pairs 1 match (false matches), and of its 3000 mated pairs 1 do not")
    expect(answer).to_contain_text("with 95 % confidence at most 1 % of non-mated pairs like these score as high")
    expect(answer.locator(".axis .scores")).to_have_count(2)
    expect(answer.locator(".axis .score text")).to_contain_text("this score 0.7")
    page.get_by_text("Every false match rate that the run was asked for").click()
    expect(answer.get_by_role("table", name="Calibrated thresholds").locator("tbody tr")).to_have_count(3)
    expect(page.locator(".marks .chosen .line")).to_have_count(2)
    expect(page.locator(".marks .landmark .line")).to_have_count(10)
    assert tab.barriers() == []


def test_a_threshold_may_be_asked_for_by_its_false_match_rate_where_a_run_has_shown_it(
    tab: Tab, samples: Mapping[str, Path], calibrated: RunScores
) -> None:
    answer = compare(tab, samples["obama.jpg"], samples["obama2.jpg"], decide="target_fmr", target_fmr="0.01")
    expect(answer).to_contain_text("You asked for an FMR of at most 1 %: 20 of 3000 non-mated pairs match there")
    expect(tab.page.locator("#call")).to_contain_text("-F target_fmr=0.01")
    expect(answer.locator(".axis .threshold text")).to_have_text("threshold 0.3")


def test_without_a_calibration_the_page_says_that_nothing_says_what_the_score_is_worth(
    tab: Tab, samples: Mapping[str, Path]
) -> None:
    answer = compare(tab, samples["obama.jpg"], samples["biden.jpg"])
    expect(answer).to_contain_text("No run has calibrated this pack here")
    expect(answer.locator(".axis .scores")).to_have_count(0)
    expect(tab.page.locator("[name=decide] option[value=target_fmr]")).to_be_disabled()


def test_what_is_drawn_over_a_photograph_lies_where_the_photograph_shows_it_however_that_was_turned(
    tab: Tab, samples: Mapping[str, Path], tmp_path: Path
) -> None:
    """One lies on its side, and the engine turns it; of the other the EXIF says how, as that of a phone does."""
    lying, phone, exif = tmp_path / "lying.png", tmp_path / "phone.jpg", Image.Exif()
    exif[0x0112] = 6
    with Image.open(samples["obama.jpg"]) as image:
        turned = image.transpose(Image.Transpose.ROTATE_90)
    turned.save(lying)
    turned.save(phone, exif=exif, quality=95)
    answer = compare(tab, lying, phone)
    page = tab.page
    expect(answer.get_by_role("heading", name="Match", exact=True)).to_be_visible()
    expect(answer).to_contain_text("The engine turned it by 90° clockwise to see the face upright")
    (ax, ay), (bx, by) = (eyes(page, side) for side in ("reference", "probe"))
    assert abs(ay) > 3 * abs(ax), "one eye above the other"
    assert abs(bx) > 3 * abs(by), "one eye beside the other"
    mean = page.evaluate(
        """() => {
          const [one, other] = [...document.querySelectorAll("canvas.crop")].map((canvas) =>
            canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data);
          return one.reduce((sum, value, at) => sum + Math.abs(value - other[at]), 0) / one.length;
        }"""
    )
    assert mean < 25, "of 255: the same face in the same place, but for what the detector makes of it"


def eyes(page: Any, side: str) -> tuple[float, float]:
    """From one eye to the other, in pixels of the screen; both lie on the photograph."""
    image, first, second = page.locator(f"[data-side={side}]").evaluate(
        """(place) => [place.querySelector("img"), ...place.querySelectorAll(".landmark .line")].slice(0, 3)
          .map((one) => one.getBoundingClientRect()).map(({ x, y, width, height }) => [x, y, x + width, y + height])"""
    )
    for x, y, *_ in (first, second):
        assert image[0] < x < image[2]
        assert image[1] < y < image[3]
    return second[0] - first[0], second[1] - first[1]


def test_several_faces_are_all_shown_with_what_helps_and_a_photograph_that_is_not_shown_is_marked_on_a_sheet(
    tab: Tab, samples: Mapping[str, Path], tmp_path: Path
) -> None:
    unshown = tmp_path / "scan.tiff"
    with Image.open(samples["obama2.jpg"]) as image:
        image.save(unshown)
    answer = compare(tab, samples["six_faces.jpg"], unshown, policy="require_one")
    expect(answer.get_by_role("heading", name="Not compared")).to_be_visible()
    expect(answer).to_contain_text("The reference: there are several faces. Crop it to one person")
    reference, probe = (tab.page.locator(f"[data-side={side}]") for side in ("reference", "probe"))
    expect(reference.locator(".face")).to_have_count(6)
    expect(reference.locator(".chosen")).to_have_count(0)
    expect(probe).to_contain_text("This browser cannot show the file")
    expect(probe.locator("img")).to_be_hidden()
    expect(probe.locator(".marks .chosen .line")).to_be_visible()
    expect(answer.locator("canvas.crop")).to_have_count(0)
    assert tab.barriers() == []


def test_a_file_that_is_no_image_is_refused_in_a_sentence_with_a_page_that_explains_it(
    tab: Tab, samples: Mapping[str, Path], tmp_path: Path
) -> None:
    tab.expected = {415}
    (tmp_path / "text.jpg").write_text("no image at all")
    tab.page.goto("/")
    choose(tab, samples["obama.jpg"], tmp_path / "text.jpg")
    tab.page.get_by_role("button", name="Compare", exact=True).click()
    expect(tab.page.locator("#answer")).to_contain_text("probe: the bytes begin with")
    tab.page.get_by_role("link", name="image_unsupported").click()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("image_unsupported")


def test_a_photograph_may_be_pasted_and_goes_to_the_side_that_is_empty(tab: Tab, samples: Mapping[str, Path]) -> None:
    page = tab.page
    page.goto("/")
    page.locator("[data-side=reference] input[type=file]").set_input_files(samples["obama.jpg"])
    page.evaluate(
        """(text) => {
          const data = new DataTransfer(), bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          data.items.add(new File([bytes], "pasted.jpg", { type: "image/jpeg" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        base64.b64encode(samples["obama2.jpg"].read_bytes()).decode(),
    )
    expect(page.locator("[data-side=probe] .caption")).to_contain_text("pasted.jpg")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("heading", name="Match", exact=True)).to_be_visible()
    page.get_by_role("button", name="Remove the probe").click()
    expect(page.locator("#answer")).to_be_empty()
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_disabled()
    expect(page.locator("[data-side=probe] input[type=file]")).to_be_focused()


def test_the_camera_is_on_for_as_long_as_its_window_is_open_and_no_longer(browsing: Browsing) -> None:
    with browsing.tab(browsing.token, permissions=["camera"]) as tab:
        page = tab.page
        page.goto("/")
        camera = page.get_by_role("button", name="Take the probe with the camera")
        camera.click()
        window = page.get_by_role("dialog", name="Take the probe")
        expect(window).to_be_visible()
        video = page.locator("video")
        page.wait_for_function("() => document.querySelector('video').videoWidth > 0")
        track = video.evaluate_handle("video => video.srcObject.getTracks()[0]")
        assert track.evaluate("track => track.readyState") == "live"
        assert tab.barriers() == []
        page.keyboard.press("Escape")
        expect(window).to_be_hidden()
        page.wait_for_function("track => track.readyState === 'ended'", arg=track)
        expect(page.locator("[data-side=probe] .caption")).to_be_empty()
        camera.click()
        page.wait_for_function("() => document.querySelector('video').videoWidth > 0")
        page.get_by_role("button", name="Take the photograph").click()
        expect(page.locator("[data-side=probe] .caption")).to_contain_text("camera-probe.jpg")
        assert page.evaluate("document.querySelector('[data-side=probe] img').naturalWidth") > 0


def test_the_same_call_does_the_same_from_a_terminal_and_never_holds_the_key(
    tab: Tab, browsing: Browsing, samples: Mapping[str, Path]
) -> None:
    page = tab.page
    page.goto("/")
    choose(tab, samples["obama.jpg"], samples["obama2.jpg"])
    page.locator("[name=decide]").select_option("threshold")
    page.get_by_label("Threshold, -1 to 1").fill("0.9")
    said = {}
    for language, program in (("curl", ["sh", "-c"]), ("python", [sys.executable, "-c"])):
        page.locator(f"[name=language][value={language}]").check()
        said[language] = subprocess.run(
            [*program, page.locator("#call").inner_text()],
            cwd=samples["obama.jpg"].parent,
            env={**os.environ, "LIKENESS_API_KEY": browsing.token},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    assert json.loads(said["curl"])["decision"] == "non_match"
    assert said["python"].startswith("compared non_match 0.7")
    assert browsing.token not in page.content()


def test_the_call_in_json_follows_what_is_chosen(tab: Tab) -> None:
    page = tab.page
    page.goto("/")
    page.locator("[name=language][value=json]").check()
    page.get_by_label("The face that counts").select_option("most_central")
    expect(page.locator("#call")).to_contain_text('"policy": "most_central"')
    expect(page.locator("#call")).to_contain_text("Authorization: Bearer <your key>")
    expect(page.locator("[name=liveness] option[value=require]")).to_be_disabled()


def test_a_key_that_may_only_read_is_told_so_when_it_compares(
    browsing: Browsing, new_tab: NewTab, samples: Mapping[str, Path]
) -> None:
    _, token = KeyStore(browsing.stack.settings.redis).create("only reads", [Scope.READ])
    tab = new_tab(str(token))
    tab.expected = {403}
    tab.page.goto("/")
    choose(tab, samples["obama.jpg"], samples["obama2.jpg"])
    tab.page.get_by_role("button", name="Compare", exact=True).click()
    expect(tab.page.get_by_role("alert")).to_contain_text("needs a key with the scope submit; yours has read")
