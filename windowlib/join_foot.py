"""The buttons at the foot of the first screen: Join, what gives it up, and what trusts a changed certificate.

Used by join_card.py, in Tk's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from tkinter import ttk

from windowlib.look import Theme

DELIBERATE = 800  # ms before a new certificate can be trusted: a double click on Join must not do it
READING_TICK = 100  # ms between two looks whether it was read
TRUST, READ_ON = "Trust the new one", "Read on  ↓"


class Foot:
    """Join alone, or beside it the button that gives up what Join has begun."""

    def __init__(
        self, frame: ttk.Frame, theme: Theme, on_join: Callable[[], None], on_give_up: Callable[[], None]
    ) -> None:
        self._theme, self._wide = theme, 0
        frame.columnconfigure(0, weight=1)
        self.button = ttk.Button(frame, text="Join", style="Primary.TButton", command=on_join)
        self.button.grid(row=0, column=0, columnspan=2, sticky="we")
        self.cancel_button = ttk.Button(frame, text="Cancel", style="Quiet.TButton", command=on_give_up)
        self._has_way_back = False

    def say(self, forward: str, back: str | None) -> None:
        """What stands on the buttons; without a way `back` there is one alone."""
        self.button.configure(text=forward)
        self._has_way_back = back is not None
        if back is None:
            self.cancel_button.grid_forget()
            self.button.grid(columnspan=2)
        else:
            self.cancel_button.configure(text=back)
            self.fit(self._wide)

    def fit(self, width: int) -> None:
        """What does not fit beside each other stands below; `width` in pixels."""
        self._wide = width
        if self._has_way_back:
            wide = max(width, self._theme.px(120))
            below = self.button.winfo_reqwidth() + self.cancel_button.winfo_reqwidth() > wide
            self.cancel_button.grid(
                row=1 if below else 0, column=0 if below else 1, columnspan=2 if below else 1, sticky="we"
            )
            self.button.grid(columnspan=2 if below else 1)


class TrustButton(ttk.Button):
    """Trusts a changed certificate: by nobody's double click, and not before its words were in sight.

    In a small window it leads on to their end first. `on_trust` is told the fingerprint.
    """

    def __init__(
        self, frame: ttk.Frame, theme: Theme, is_read: Callable[[], bool], read_on: Callable[[], None],
        on_trust: Callable[[str], None],
    ) -> None:  # fmt: skip
        super().__init__(frame, text=TRUST, style="Quiet.TButton", command=self._press)
        self._theme, self._is_read, self._read_on, self._on_trust = theme, is_read, read_on, on_trust
        self._fingerprint: str | None = None  # what is offered
        self._leads_on = False  # a press does not trust yet
        self._timer = ""  # after which it can be pressed, or it is looked again whether all was read

    @property
    def is_offered(self) -> bool:
        """Whether there is a certificate that can be trusted."""
        return self._fingerprint is not None

    def offer(self, fingerprint: str) -> None:
        """This certificate can be trusted, in a moment."""
        self.withdraw()
        self._fingerprint = fingerprint
        self._lead_on(False)
        self.grid(row=1, column=0, columnspan=2, sticky="we", pady=(self._theme.px(4), 0))
        self._wait()

    def withdraw(self) -> None:
        """Nothing can be trusted any more."""
        self.grid_forget()
        self._fingerprint = None
        if self._timer:
            self.after_cancel(self._timer)
            self._timer = ""

    def destroy(self) -> None:
        self.withdraw()
        super().destroy()

    def _lead_on(self, on: bool) -> None:
        self._leads_on = on
        self.configure(text=READ_ON if on else TRUST)

    def _wait(self) -> None:
        """A press by reflex does nothing."""
        self.state(["disabled"])
        if self._timer:
            self.after_cancel(self._timer)
        self._timer = self.after(DELIBERATE, self._look)

    def _look(self) -> None:
        """It can be pressed; whether that trusts is looked at again until all was read."""
        self._lead_on(not self._is_read())
        self.state(["!disabled"])
        self._timer = self.after(READING_TICK, self._look) if self._leads_on else ""

    def _press(self) -> None:
        if self._leads_on:
            self._read_on()
            self._wait()
        elif self._fingerprint is not None:
            self._on_trust(self._fingerprint)
