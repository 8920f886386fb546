"""The first page: two photographs in, a decision out. And what a reader without a good key is told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.browsing import NewTab, Tab, expect


def compare(tab: Tab, reference: Path, probe: Path) -> Any:
    """Choose both, have them compared; what is shown of it."""
    page = tab.page
    page.goto("/")
    for side, photograph in (("reference", reference), ("probe", probe)):
        page.locator(f"[data-side={side}] input[type=file]").set_input_files(photograph)
    page.get_by_role("button", name="Compare", exact=True).click()
    return page.locator("#answer")


def test_two_photographs_of_one_person_match(tab: Tab, samples: Mapping[str, Path]) -> None:
    answer = compare(tab, samples["obama.jpg"], samples["obama2.jpg"])
    expect(answer.get_by_role("heading", name="Match", exact=True)).to_be_visible()
    expect(answer.get_by_role("img", name="at or above the threshold")).to_be_visible()
    expect(tab.page.locator(".sheet .marks .chosen")).to_have_count(2)
    tab.page.get_by_role("button", name="Get the signed receipt").click()
    expect(tab.page.locator("#receipt")).to_contain_text("this deployment has signed it, and it was not changed")
    expect(tab.page.locator("#receipt")).to_contain_text("The probe is obama2.jpg, to the last bit.")


def test_photographs_of_two_people_do_not_match(tab: Tab, samples: Mapping[str, Path]) -> None:
    answer = compare(tab, samples["obama.jpg"], samples["biden.jpg"])
    expect(answer.get_by_role("heading", name="Non-match", exact=True)).to_be_visible()
    expect(answer.get_by_role("img", name="below the threshold")).to_be_visible()


def test_a_photograph_without_a_face_is_told_with_its_side_and_what_helps(
    tab: Tab, samples: Mapping[str, Path]
) -> None:
    answer = compare(tab, samples["obama.jpg"], samples["no_face.png"])
    expect(answer.get_by_role("heading", name="Not compared")).to_be_visible()
    expect(answer).to_contain_text("The probe: no face was found.")
    expect(answer).to_contain_text("Send a photograph in which the whole face is to be seen")


def test_a_reader_without_a_key_is_asked_for_one_and_told_why_another_is_not_taken(new_tab: NewTab) -> None:
    tab = new_tab(None)
    tab.expected = {401}
    page, field = tab.page, tab.page.get_by_label("API key")
    page.goto("/jobs")
    expect(field).to_be_focused()
    field.fill("lk_000000000000_wrong")
    field.press("Enter")
    expect(page.get_by_text("this is not a key of this deployment (key_invalid)")).to_be_visible()
    expect(page.get_by_role("heading", name="This deployment asks for an API key")).to_be_visible()
    assert tab.barriers() == []


def test_a_key_is_kept_in_its_tab_alone_and_forgotten_when_asked(new_tab: NewTab, browsing: Any) -> None:
    tab = new_tab(None)
    page = tab.page
    page.goto("/jobs")
    page.get_by_label("API key").fill(browsing.token)
    page.get_by_role("button", name="Use this key").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    expect(page.get_by_text(f"Key {browsing.token.split('_')[1]}")).to_be_visible()
    page.reload()
    expect(page.locator("#list")).not_to_contain_text("Loading")
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    other = tab.page.context.new_page()
    other.goto("/jobs")
    expect(other.get_by_label("API key")).to_be_focused()
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_label("API key")).to_be_focused()
