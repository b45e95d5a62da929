"""`debrief.chat()` in a page of JupyterLab, in a headless Chromium, as a person uses it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from completion_coach import CompletionCoach

sys.path.insert(0, str(Path(__file__).parent / "jupyter"))
from lab import Notebook, browsing, running

expect.set_options(timeout=20_000)

GUIDED = """
from completion_coach import CompletionCoach, Profile

coach = CompletionCoach("debriefs.db")
ana = coach.user("ana")
ana.save_profile(Profile(name="Ana", skills=("Python", "TransformerLens")))
done = ana.record_done(id="job", kind="replicate", title="Replicated the attention sink result on Pythia")
debrief = ana.debrief(done.action.id)
"""
SLOW = """
import time

from completion_coach import CompletionCoach, Delivery, Model, ModelInfo, ModelPlace

class Slow(Model):
    def info(self):
        return ModelInfo(provider="notebook", model="slow", place=ModelPlace.LOCAL)

    def ask(self, request):
        for word in "What would you do differently if you did all of it once more ?".split():
            time.sleep(PAUSE)
            yield word + " "

coach = CompletionCoach("debriefs.db", Slow(), delivery=Delivery.LIVE)
ana = coach.user("ana")
done = ana.record_done(id="job", kind="replicate", title="Replicated the attention sink result on Pythia")
debrief = ana.debrief(done.action.id)
"""
CHAT = "debrief.chat()"
QUESTION = "What would you do differently if you did all of it once more ?"
ANSWERS = (
    "I nearly reported a number that came from a stale cache.",
    "I can now use TransformerLens on my own.",
    "I will test it on the 410M model next weekend.",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with running(home) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def opened(browser: Browser, address: str, home: Path) -> Iterator[Callable[..., Notebook]]:
    """Opens a notebook of its own with these cells, and runs them."""
    notebooks: list[Notebook] = []

    def new(name: str, *cells: str, width: int = 1100, height: int = 1400) -> Notebook:
        page = browser.new_page(viewport={"width": width, "height": height})
        notebooks.append(Notebook(page, address, home, name, *cells))
        return notebooks[-1]

    yield new
    for notebook in notebooks:
        notebook.page.close()
        assert notebook.errors == []


def stored(notebook: Notebook) -> list[str]:
    """What the store holds of the conversation, read by a process that is not the kernel."""
    with CompletionCoach(notebook.folder / "debriefs.db") as coach:
        return [message.text for message in coach.user("ana").debrief("job").messages()]


def test_a_debrief_is_held_reloaded_reviewed_and_applied(opened: Callable[..., Notebook]) -> None:
    notebook = opened("debrief", GUIDED, CHAT)
    expect(notebook.messages).to_have_count(1)
    expect(notebook.widget).to_contain_text("no AI")
    notebook.picture("1-opened")
    notebook.click("Some of it worked out")
    expect(notebook.messages).to_have_count(3)
    notebook.say(ANSWERS[0])
    expect(notebook.messages).to_have_count(5)

    notebook.reload()
    expect(notebook.messages).to_have_count(5)
    expect(notebook.widget).to_contain_text("2 exchanges")
    notebook.say(ANSWERS[1])
    expect(notebook.messages).to_have_count(7)
    notebook.picture("2-going-on")
    notebook.say(ANSWERS[2])
    expect(notebook.messages).to_have_count(9)
    expect(notebook.box).to_be_hidden()
    texts = notebook.messages.locator(".cc-body").all_inner_texts()
    assert texts[1::2] == ["Some of it worked out", *ANSWERS]
    assert texts == stored(notebook)

    notebook.click("Look at what could go into your profile")
    insight = notebook.widget.get_by_role("article", name="Insights: ")
    expect(insight.locator("mark")).to_have_text(ANSWERS[0])
    notebook.click("Edit", insight)
    insight.get_by_role("textbox").fill("I look at the date of a cache before I report a number.")
    notebook.picture("3-proposals")
    notebook.click("Apply 1 decision")
    expect(insight).to_contain_text("In your profile, as you put it")
    expect(notebook.widget).to_contain_text("Your profile has changed in 1 place.")
    for never in ("false", "null", "undefined"):
        expect(notebook.widget).not_to_contain_text(never)
    notebook.picture("4-applied")

    notebook.reload()
    expect(insight).to_contain_text("In your profile, as you put it")
    assert stored(notebook) == texts
    with CompletionCoach(notebook.folder / "debriefs.db") as coach:
        profile = coach.user("ana").profile()
    assert profile.insights == ("I look at the date of a cache before I report a number.",)


def test_a_page_that_is_reloaded_while_the_coach_writes_gets_the_whole_reply(opened: Callable[..., Notebook]) -> None:
    notebook = opened("reloaded", SLOW.replace("PAUSE", "0.5"), CHAT)
    expect(notebook.messages).to_have_count(1)
    notebook.say("It worked on the small model.")
    writing = notebook.messages.nth(2)
    expect(writing).to_contain_text("What would you")
    expect(writing).to_contain_text("The coach is writing")
    expect(notebook.box).to_be_disabled()
    notebook.picture("1-writing")
    notebook.reload()
    expect(notebook.messages.nth(2)).to_contain_text("What would you do")
    expect(notebook.messages.nth(2)).to_contain_text("slow · AI on this machine")
    expect(notebook.messages.nth(2)).to_contain_text(QUESTION)
    expect(notebook.box).to_be_enabled()
    assert len(stored(notebook)) == 3


def test_other_cells_run_while_the_coach_writes(opened: Callable[..., Notebook]) -> None:
    notebook = opened(
        "beside", SLOW.replace("PAUSE", "0.5"), CHAT, "runs = globals().get('runs', 0) + 1; f'run {runs}'"
    )
    expect(notebook.page.get_by_text("'run 1'")).to_be_visible()
    notebook.say("It worked on the small model.")
    expect(notebook.messages.nth(2)).to_contain_text("What would")
    notebook.page.get_by_text("globals").click()
    notebook.command("notebook:run-cell")
    expect(notebook.page.get_by_text("'run 2'")).to_be_visible()
    expect(notebook.messages.nth(2)).to_contain_text("The coach is writing")


def test_a_reply_that_is_stopped_leaves_the_words_and_can_be_asked_for_again(opened: Callable[..., Notebook]) -> None:
    notebook = opened("stopped", SLOW.replace("PAUSE", "0.3"), CHAT)
    expect(notebook.messages).to_have_count(1)
    notebook.say("It worked on the small model.")
    expect(notebook.messages.nth(2)).to_contain_text("What would")
    notebook.click("Stop the reply")
    expect(notebook.messages).to_have_count(2)
    expect(notebook.widget).to_contain_text("Your words are kept.")
    assert stored(notebook)[1:] == ["It worked on the small model."]
    notebook.picture("1-stopped")
    notebook.click("Ask for the reply")
    expect(notebook.messages.nth(2)).to_contain_text(QUESTION)
    expect(notebook.box).to_be_enabled()
    assert len(stored(notebook)) == 3


def test_a_restarted_kernel_goes_on_where_the_conversation_was(opened: Callable[..., Notebook]) -> None:
    notebook = opened("restarted", SLOW.replace("PAUSE", "0.3"), CHAT)
    expect(notebook.messages).to_have_count(1)
    notebook.say("It worked on the small model.")
    expect(notebook.messages.nth(2)).to_contain_text("What would")
    notebook.restart()
    expect(notebook.messages.nth(1)).to_contain_text("It worked on the small model.")
    expect(notebook.messages.nth(2)).to_contain_text(QUESTION)
    expect(notebook.box).to_be_enabled()
    assert len(stored(notebook)) == 3


def test_what_cannot_be_said_is_explained_and_goes_back_into_the_box(opened: Callable[..., Notebook]) -> None:
    notebook = opened("refused", GUIDED, CHAT)
    expect(notebook.messages).to_have_count(1)
    notebook.say("a" * 5001)
    expect(notebook.widget.get_by_role("alert")).to_contain_text("5000")
    expect(notebook.box).to_have_value("a" * 5001)
    assert len(stored(notebook)) == 1
    notebook.say("Shorter is better.")
    expect(notebook.messages).to_have_count(3)
    expect(notebook.widget.get_by_role("alert")).to_be_hidden()


def test_nothing_is_sent_to_a_remote_model_before_the_person_agrees(opened: Callable[..., Notebook]) -> None:
    notebook = opened("consent", SLOW.replace("PAUSE", "0").replace("LOCAL", "REMOTE"), CHAT)
    expect(notebook.messages).to_have_count(1)
    notebook.say("It worked on the small model.")
    expect(notebook.widget.get_by_role("alert")).to_contain_text("notebook")
    expect(notebook.box).to_have_value("It worked on the small model.")
    assert len(stored(notebook)) == 1
    notebook.picture("1-asked")
    notebook.click("I agree, go on")
    expect(notebook.widget.get_by_role("alert")).to_be_hidden()
    notebook.click("Send")
    expect(notebook.messages.nth(2)).to_contain_text(QUESTION)
    expect(notebook.messages.nth(2)).to_contain_text("slow · AI by notebook")


def test_what_people_write_is_shown_as_text_and_never_as_markup(opened: Callable[..., Notebook]) -> None:
    notebook = opened("markup", GUIDED, CHAT)
    expect(notebook.messages).to_have_count(1)
    words = "It <b>worked</b> <img src=x onerror='document.title=1'> &amp; I noted it"
    notebook.say(words)
    expect(notebook.messages).to_have_count(3)
    assert notebook.messages.locator(".cc-body").nth(1).inner_text() == words
    assert notebook.widget.locator("b, img").count() == 0


def test_it_is_used_with_the_keyboard_alone(opened: Callable[..., Notebook]) -> None:
    notebook = opened("keyboard", GUIDED, CHAT)
    choice = notebook.widget.get_by_role("button", name="It worked out", exact=True)
    choice.focus()
    notebook.page.keyboard.press("Enter")
    expect(notebook.messages).to_have_count(3)
    expect(notebook.box).to_be_focused()
    notebook.page.keyboard.type("One line")
    notebook.page.keyboard.press("Shift+Enter")
    notebook.page.keyboard.type("and another, dd.")
    notebook.page.keyboard.press("Enter")
    expect(notebook.messages).to_have_count(5)
    expect(notebook.box).to_be_focused()
    assert stored(notebook)[3] == "One line\nand another, dd."
    notebook.page.keyboard.press("Tab")
    expect(notebook.widget.get_by_role("button", name="Skip this question")).to_be_focused()
    notebook.page.keyboard.press("Space")
    expect(notebook.messages).to_have_count(6)
    expect(notebook.box).to_be_focused()


def test_a_narrow_page_shows_all_of_it(opened: Callable[..., Notebook]) -> None:
    notebook = opened("narrow", GUIDED, CHAT, width=480)
    notebook.click("Some of it worked out")
    expect(notebook.messages).to_have_count(3)
    notebook.picture("1")
    cut = """widget => [...widget.querySelectorAll("div, section, header")]
        .filter(part => part.scrollWidth > part.clientWidth).map(part => part.className)"""
    assert notebook.widget.evaluate(cut) == []
