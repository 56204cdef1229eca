"""What the keys of shortcuts.py do in a window. Called by window.py once, in Tk's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windowlib.chat_screen import ChatScreen
    from windowlib.window import Window


def key_actions(window: Window) -> dict[str, Callable[[], object]]:
    """What is done, by the names in the table of keys."""
    pages, appearance = window.pages, window.appearance

    def in_chat(do: Callable[[ChatScreen], None]) -> Callable[[], None]:
        """It is done while the chat is shown; else there is nothing to do it to."""

        def action() -> None:
            if window.chat is not None and window.join is None and window.page is None:
                do(window.chat)

        return action

    def escape() -> None:
        if window.page is not None:
            pages.close_page()
        elif (screen := window.join or window.chat) is not None:
            screen.escape()

    return {
        "switch": in_chat(lambda chat: pages.toggle_switcher(chat.destinations(), chat.open)),
        "next": in_chat(lambda chat: chat.next_unread(1)),
        "previous": in_chat(lambda chat: chat.next_unread(-1)),
        "find": in_chat(lambda chat: chat.find()),
        "emoji": in_chat(lambda chat: chat.composer.pick_emoji()),
        "escape": escape,
        "larger": appearance.larger,
        "smaller": appearance.smaller,
        "plain_size": appearance.plain_size,
        "settings": pages.toggle_settings,
        "help": pages.toggle_keys,
    }
