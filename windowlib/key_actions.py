"""What the keys of shortcuts.py do in a window. Called by window.py once, in Tk's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from windowlib.appearance import Appearance
from windowlib.pages import Pages

if TYPE_CHECKING:  # it is loaded when a chat is joined: the first screen is there sooner
    from windowlib.chat_screen import ChatScreen


def key_actions(
    pages: Pages, appearance: Appearance, shown_chat: Callable[[], ChatScreen | None], escape: Callable[[], None]
) -> dict[str, Callable[[], object]]:
    """What is done, by the names in the table of keys.

    `shown_chat` says which chat is shown, None: none is, but a page or the first screen. `escape` is what Esc does
    where no page is open.
    """

    def in_chat(do: Callable[[ChatScreen], None]) -> Callable[[], None]:
        """It is done while the chat is shown; else there is nothing to do it to."""

        def action() -> None:
            if (chat := shown_chat()) is not None:
                do(chat)

        return action

    def close_page_or_escape() -> None:
        if pages.page is not None:
            pages.close_page()
        else:
            escape()

    return {
        "switch": in_chat(lambda chat: pages.toggle_switcher(chat.destinations(), chat.open)),
        "next": in_chat(lambda chat: chat.next_unread(1)),
        "previous": in_chat(lambda chat: chat.next_unread(-1)),
        "find": in_chat(lambda chat: chat.find()),
        "emoji": in_chat(lambda chat: chat.composer.pick_emoji()),
        "escape": close_page_or_escape,
        "larger": appearance.larger,
        "smaller": appearance.smaller,
        "plain_size": appearance.plain_size,
        "settings": pages.toggle_settings,
        "help": pages.toggle_keys,
    }
