"""`debrief.chat()`: the debrief as a widget in a notebook, which keeps nothing that the store has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import RLock, Thread, Timer
from typing import TYPE_CHECKING, Any

from ._data import AskedAgain, ErrorKind, NewMessage, Replaced, Reply, Role, Said, StoodIn, Text, Verdict, decode
from ._sync import User
from .errors import CoachError

try:
    import anywidget
except ImportError as error:
    raise ImportError('debrief.chat() needs anywidget: pip install "completion-coach[notebook]"') from error

if TYPE_CHECKING:
    from ._data import Applied, Message
    from ._sync import Debrief, Turn

_HERE = Path(__file__).parent
# How long words of a reply are gathered before the page gets them, in seconds.
_GATHER = 0.03
# The errors that another try may get past; the reasons of all others say what is to be done.
_PASSING = {
    ErrorKind.ALLOWANCE_SPENT,
    ErrorKind.CONFLICT,
    ErrorKind.MODEL_UNAVAILABLE,
    ErrorKind.MODEL_REFUSED,
    ErrorKind.REPLY_INCOMPLETE,
    ErrorKind.STORAGE_FULL,
    ErrorKind.STORAGE_UNAVAILABLE,
    ErrorKind.INTERNAL,
}


class DebriefWidget(anywidget.AnyWidget):
    """A debrief in a notebook: the conversation as it is written, and proposals to accept, edit or reject.

    `debrief.chat()` makes it. It reads the store whenever a page shows it, so that neither a reload of the page nor a
    restart of the kernel loses anything. The coach writes on a thread of its own: other cells can be run meanwhile.
    """

    _esm = _HERE / "widget.js"
    _css = _HERE / "widget.css"

    def __init__(self, debrief: Debrief) -> None:
        super().__init__()
        self._debrief = debrief
        self._user = User(debrief._native, debrief._user)
        # What is under way ("turn", "propose", "apply"), the turn itself, its words so far, and who will send them.
        self._working: str | None = None
        self._turn: Turn | None = None
        self._text = ""
        self._sender: Timer | None = None
        # What the store does not tell: how that which was done last went.
        self._reply: Reply | None = None
        self._applied: Applied | None = None
        self._note: str | None = None
        self._again = "open"
        self.error: Exception | None = None
        """What ended that which was asked for last, if it failed."""
        # Held while the above changes hands and while something is sent, so that what is sent last is newest.
        self._lock = RLock()
        self.on_msg(self._heard)

    def _heard(self, _widget: object, request: dict[str, Any], _buffers: object) -> None:
        """What a page asks for. This is on the kernel's own thread, which has better to do than to wait."""
        if request["do"] != "cancel":
            work = self._come_back if request["do"] == "show" else lambda: self._do(request)
            Thread(target=work, daemon=True).start()
        elif (turn := self._turn) is not None:
            turn.cancel()

    def _come_back(self) -> None:
        """A page shows the widget: it gets what there is, and the conversation goes on where it was."""
        self._show()
        self._do({"do": "open"})

    def _do(self, request: dict[str, Any]) -> None:
        """One thing at a time. A page that asks for another one has not heard of the first yet."""
        wish = request["do"]
        with self._lock:
            if self._working is not None:
                return
            self._working = wish if wish in ("propose", "apply") else "turn"
            self._text, self._note, self.error, self._again = "", None, None, "propose" if wish == "propose" else "open"
            if wish != "open":
                self._applied = None
        try:
            self._work(wish, request)
        except Exception as error:  # noqa: BLE001 (a thread has nobody else to tell)
            self.error = error
        with self._lock:
            self._working = self._turn = None
            self._show()

    def _work(self, wish: str, request: dict[str, Any]) -> None:
        debrief = self._debrief
        at_once: dict[str, Callable[[], Reply]] = {
            "skip": debrief.skip_question,
            "end": debrief.stop,
            "reopen": debrief.reopen,
        }
        if wish == "say":
            self._follow(debrief.stream(NewMessage(id=request["id"], said=decode(Said, request["said"]))))
        elif wish in ("open", "take_over", "consent"):
            if wish == "consent":
                self._user.consent(self._user.offer(debrief.action).disclosure)
            # A conversation that is open says its last words again, which the page has.
            messages = self._messages()
            quietly = bool(messages) and messages[-1].role is Role.ASSISTANT
            self._follow(debrief.take_over() if wish == "take_over" else debrief.open(), quietly)
        elif wish in at_once:
            self._reply = at_once[wish]()
        elif wish == "propose":
            debrief.propose()
            self._reply = debrief.open().reply()
        elif wish == "apply":
            self._applied = debrief.apply({id: decode(Verdict, verdict) for id, verdict in request["verdicts"].items()})

    def _follow(self, turn: Turn, quietly: bool = False) -> None:
        self._turn = turn
        for event in turn:
            if isinstance(event, Reply):
                self._reply = event
            elif isinstance(event, Text) and not quietly:
                self._add(event.text)
            elif isinstance(event, (AskedAgain, Replaced, StoodIn)):
                self._note = type(event).__name__
                self._text = ""

    def _add(self, text: str) -> None:
        with self._lock:
            self._text += text
            if self._sender is None:
                self._sender = Timer(_GATHER, self._send_text)
                self._sender.daemon = True
                self._sender.start()

    def _send_text(self) -> None:
        with self._lock:
            self._sender = None
            if self._working is not None:
                self.send({"is": "text", "text": self._text})

    def _show(self) -> None:
        """Sends the page all there is, as the store has it."""
        with self._lock:
            view: dict[str, Any] = {"is": "view", "messages": [], "proposal": {"items": [], "known": []}}
            try:
                view["messages"] = [message.to_dict() for message in self._messages()]
                view["proposal"] = self._debrief.proposal().to_dict()
                view["error"] = self.error and self._explained(self.error)
            except Exception as error:  # noqa: BLE001 (the same)
                view["error"] = self._explained(error)
            view["reply"] = self._reply and self._reply.to_dict()
            view["applied"] = self._applied and self._applied.to_dict()
            self.send(view | {"working": self._working, "text": self._text, "note": self._note})

    def _messages(self) -> tuple[Message, ...]:
        page = self._debrief.messages(500)
        messages = page.messages
        while page.before is not None:
            page = self._debrief.messages(500, page.before)
            messages = page.messages + messages
        return messages

    def _explained(self, error: Exception) -> dict[str, Any] | None:
        """An error for the page: its words, and what to ask for to try again. That a turn was stopped is no error."""
        if not isinstance(error, CoachError):
            reason = f"{type(error).__name__}: run a cell with `raise widget.error` to see it"
            return {"kind": "internal", "reason": reason, "again": {"do": self._again}}
        if error.kind is ErrorKind.CANCELLED:
            return None
        reason, again = error.reason, self._again if error.kind in _PASSING else None
        if error.kind is ErrorKind.BUSY:
            again = "take_over"
        elif error.kind is ErrorKind.CONSENT_NEEDED:
            reason, again = self._user.offer(self._debrief.action).disclosure.text, "consent"
        return {"kind": error.kind.value, "reason": reason, "again": again and {"do": again}}
