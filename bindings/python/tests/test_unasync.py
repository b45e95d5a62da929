"""The blocking face is what is made from the asyncio one, to the letter."""

from unasync import PACKAGE, blocking


def test_the_blocking_face_is_made_from_the_asyncio_one() -> None:
    made = blocking((PACKAGE / "_async.py").read_text(encoding="utf-8"))
    assert (PACKAGE / "_sync.py").read_text(encoding="utf-8") == made
    assert "sync" not in made.replace("_async.py", "").replace("unasync", "").replace("_sync import", "")
