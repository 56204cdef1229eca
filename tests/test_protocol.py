"""The wire: what is written is read again, and nothing that arrives can do harm."""

from __future__ import annotations

import json
import sys
import threading
import time
import tracemalloc
from dataclasses import replace
from typing import Any, TypeVar, get_args

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import names
import protocol
from names import MAX_NAME, clean_line, clean_text
from protocol import (
    COMMANDS,
    EVENTS,
    EVERYONE,
    MAX_FOUND,
    MAX_ID,
    MAX_INTEGER,
    MAX_LINE,
    MAX_PAGE,
    MAX_QUERY,
    MAX_TALKED,
    MAX_TEXT,
    MAX_TIME,
    MAX_UNREAD,
    VERSION,
    Ack,
    AskConversations,
    AskHistory,
    AskSearch,
    BadLine,
    Bye,
    Command,
    CommandDecoder,
    Conversations,
    Decoder,
    Error,
    Event,
    Found,
    Hello,
    Joined,
    Left,
    LineSplitter,
    Message,
    Page,
    Person,
    Ping,
    PlainSends,
    Pong,
    SeenBy,
    SeenWith,
    Send,
    Talked,
    TypingFrom,
    TypingTo,
    Welcome,
    encode,
    plain_line,
)

T = TypeVar("T")

# --- what people write, and every message there is --------------------------------------------------------------------

any_text = st.text(max_size=200)  # never holds a surrogate: those have tests of their own
shown_text = any_text.map(clean_text)
shown_line = st.text(max_size=MAX_NAME).map(clean_line)
ids = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=MAX_ID)
plain_names = st.from_regex(r"[A-Za-z][a-z0-9]{0,9}( [a-z]{1,9})?", fullmatch=True)
seqs = st.integers(0, MAX_INTEGER)
times = st.integers(0, MAX_TIME)


def optional(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


people = st.builds(Person, shown_line, st.booleans())
messages = st.builds(Message, seqs, times, shown_line, shown_line, ids, shown_text)
few_messages = st.lists(messages, max_size=5).map(tuple)
addresses = plain_names | st.just(EVERYONE)
page_sizes = st.integers(1, MAX_PAGE)
queries = st.text(max_size=MAX_QUERY).map(clean_line)
talked = st.builds(Talked, addresses, seqs, seqs, seqs, seqs)

EVERY_COMMAND: dict[type[Command], st.SearchStrategy[Command]] = {
    Hello: st.builds(
        Hello, st.just(VERSION), plain_names, optional(ids), optional(any_text), optional(ids), optional(seqs)
    ),
    Send: st.builds(Send, ids, shown_text.filter(lambda text: text.strip()), optional(addresses)),
    AskHistory: st.builds(AskHistory, seqs, page_sizes, optional(addresses))
    | st.builds(AskHistory, st.none(), page_sizes, optional(addresses), seqs),
    AskConversations: st.just(AskConversations()),
    AskSearch: st.builds(AskSearch, queries, st.integers(1, MAX_FOUND), optional(seqs)),
    TypingTo: st.builds(TypingTo, addresses),
    SeenWith: st.builds(SeenWith, addresses, seqs),
    Ping: st.just(Ping()),
    Pong: st.just(Pong()),
    Bye: st.just(Bye()),
}
EVERY_EVENT: dict[type[Event], st.SearchStrategy[Event]] = {
    Welcome: st.builds(
        Welcome,
        st.just(VERSION),
        shown_line,
        ids,
        shown_line,
        st.lists(people, max_size=5).map(tuple),
        seqs,
        optional(ids),
    ),
    Message: messages,
    Ack: st.builds(Ack, ids, seqs, times),
    Joined: st.builds(Joined, shown_line, times),
    Left: st.builds(Left, shown_line, times, optional(st.booleans())),
    Page: st.builds(Page, few_messages, st.booleans(), optional(seqs), optional(seqs), optional(addresses)),
    Found: st.builds(Found, few_messages, st.booleans(), optional(queries), optional(seqs)),
    Conversations: st.builds(Conversations, st.lists(talked, max_size=5).map(tuple)),
    TypingFrom: st.builds(TypingFrom, shown_line, optional(addresses)),
    SeenBy: st.builds(SeenBy, shown_line, seqs),
    Error: st.builds(Error, ids, shown_line, optional(ids)),
    Ping: st.just(Ping()),
    Pong: st.just(Pong()),
    Bye: st.builds(Bye, optional(shown_line), optional(ids)),
}
any_command = st.one_of(*EVERY_COMMAND.values())
any_event = st.one_of(*EVERY_EVENT.values())


class Commands(CommandDecoder):
    """What a server reads, every message by itself."""

    def feed(self, data: bytes) -> list[Command | PlainSends | BadLine]:
        """Takes the messages that came together apart."""
        read: list[Command | PlainSends | BadLine] = []
        for item in super().feed(data):
            if isinstance(item, PlainSends):
                assert item.size == sum(len(text) for _, text in item.said)
                read += [Send(id, text) for id, text in item.said]
            else:
                read.append(item)
        return read


def read_command(line: bytes | str | dict[str, Any]) -> Command | PlainSends | BadLine:
    """What a server reads from one line, given without its newline."""
    if isinstance(line, dict):
        line = json.dumps(line)
    if isinstance(line, str):
        line = line.encode()
    [command] = Commands().feed(line + b"\n")
    return command


def refusal(line: bytes | str | dict[str, Any]) -> Error:
    """The error that answers a line the server cannot accept."""
    bad = read_command(line)
    assert isinstance(bad, BadLine), f"was read as {bad}"
    assert not bad.fatal
    return bad.error


HELLO = encode(Hello(VERSION, "Ada"))
SEND = encode(Send("1", "hello"))


# --- writing and reading again ----------------------------------------------------------------------------------------


def test_every_message_there_is_has_its_round_trip_below() -> None:
    """A message that is added to the protocol is also added to these tests."""
    assert set(EVERY_COMMAND) == set(get_args(Command))
    assert set(EVERY_EVENT) == set(get_args(Event))
    assert set(COMMANDS) == {kind.type for kind in EVERY_COMMAND}
    assert set(EVENTS) == {kind.type for kind in EVERY_EVENT}


@pytest.mark.parametrize("kind", EVERY_COMMAND, ids=lambda kind: str(kind.type))
@given(data=st.data())
def test_a_command_is_read_as_it_was_written(kind: type[Command], data: st.DataObject) -> None:
    """What a client says reaches the server unchanged."""
    command = data.draw(EVERY_COMMAND[kind])

    assert Commands().feed(encode(command)) == [command]


@pytest.mark.parametrize("kind", EVERY_EVENT, ids=lambda kind: str(kind.type))
@given(data=st.data())
def test_an_event_is_read_as_it_was_written(kind: type[Event], data: st.DataObject) -> None:
    """What a server says reaches the client unchanged."""
    event = data.draw(EVERY_EVENT[kind])

    assert Decoder(EVENTS).feed(encode(event)) == [event]


@given(any_event)
def test_a_line_is_one_json_object_in_utf8(event: Event) -> None:
    """Any program that knows JSON can read what the server says."""
    line = encode(event)
    fields = json.loads(line.decode("utf-8"))

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert fields["type"] == event.type
    assert None not in fields.values()


@given(messages)
@example(Message(1, 2, 'Ada "the" \\ First', EVERYONE, "\x7f\x9f", "\x00\x1f\n\t\u2028\u20ac\U0001f600"))
def test_the_fast_way_to_write_a_message_writes_the_same(message: Message) -> None:
    """The hand-written encoder of a message with its ack and the general one agree on every byte."""
    m = message
    acks, lines = protocol.encode_run(m.sender, m.to, [(m.seq, m.time, m.id, m.text), (m.seq + 1, 7, "8", "9")])

    assert lines[0] == encode(m) == protocol.encode_any(m)
    assert lines[1] == protocol.encode_any(Message(m.seq + 1, 7, m.sender, m.to, "8", "9"))
    assert acks[0].encode() == protocol.encode_any(Ack(m.id, m.seq, m.time))
    assert acks[1].encode() == protocol.encode_any(Ack("8", m.seq + 1, 7))


@given(EVERY_EVENT[Page] | EVERY_EVENT[Found])
def test_the_bounded_way_to_write_a_page_writes_the_same(page: Event) -> None:
    """A page that fits is written as the generic encoder writes it."""
    assert isinstance(page, Page | Found)

    assert protocol.encode_page(page) == encode(page)


@given(EVERY_EVENT[Welcome])
def test_a_welcome_with_its_people_written_before_is_read_the_same(welcome: Event) -> None:
    """The people of a welcome may be encoded once for everybody who joins."""
    assert isinstance(welcome, Welcome)
    line = protocol.encode_welcome(welcome, protocol.encode_people(welcome.people))

    assert Decoder(EVENTS).feed(line) == [welcome]


def test_a_page_of_the_longest_messages_keeps_the_newest_that_fit() -> None:
    """A page never grows over the longest line; what it leaves out is the oldest, and it says that there is more."""
    texts = "\U0001f600" * MAX_TEXT
    long = [Message(seq, MAX_TIME, "\U0001f600" * MAX_NAME, EVERYONE, "i" * MAX_ID, texts) for seq in range(1, 201)]
    line = protocol.encode_page(Page(tuple(long), more=False))
    [page] = Decoder(EVENTS).feed(line)

    assert len(line) <= MAX_LINE
    assert isinstance(page, Page)
    assert [message.seq for message in page.messages] == [197, 198, 199, 200]
    assert page.more


def test_a_page_that_goes_on_keeps_the_oldest_that_fit() -> None:
    """A page behind an `after` has no gap at its beginning: what does not fit is asked for with the next one."""
    long = tuple(Message(seq, 0, "Ada", EVERYONE, "1", "\U0001f600" * MAX_TEXT) for seq in range(8, 20))
    line = protocol.encode_page(Page(long, more=False, after=7, other="\U0001f600" * 4 * MAX_NAME))
    [page] = Decoder(EVENTS).feed(line)

    assert len(line) <= MAX_LINE
    assert page == Page(long[:4], more=True, after=7, other="\U0001f600" * 4 * MAX_NAME)


@settings(max_examples=20, deadline=None)
@given(EVERY_EVENT[Page] | EVERY_EVENT[Found])
def test_a_page_says_what_it_answers_and_keeps_within_its_line(page: Event) -> None:
    """The question's words, however long, take their room from the messages."""
    assert isinstance(page, Page | Found)
    many = tuple(Message(seq, 0, "Ada", EVERYONE, "1", "x" * 300) for seq in range(200))
    line = protocol.encode_page(replace(page, messages=many))
    [read] = Decoder(EVENTS).feed(line)

    assert MAX_LINE - 500 < len(line) <= MAX_LINE
    assert isinstance(read, Page | Found)
    assert read.more
    assert replace(read, messages=(), more=page.more) == replace(page, messages=())


def test_the_longest_list_of_conversations_fits_into_a_line() -> None:
    """200 people with the longest names and numbers can be told in one line."""
    name = "\U0001f600" * MAX_NAME
    talked = tuple(Talked(name, MAX_INTEGER, MAX_INTEGER, MAX_UNREAD, MAX_INTEGER) for _ in range(MAX_TALKED + 1))

    assert len(encode(Conversations(talked))) <= MAX_LINE


def test_a_page_fills_its_line_to_the_last_message_that_fits() -> None:
    """However long the messages are, the line stays within the limit, and wastes less than one message."""
    for length in range(1, 400, 7):
        many = [Message(seq, 0, "Ada", EVERYONE, "1", "x" * length) for seq in range(2000)]
        line = protocol.encode_page(Found(tuple(many), more=False))

        assert MAX_LINE - 200 - len(encode(many[-1])) < len(line) <= MAX_LINE


def test_a_page_that_fits_says_only_what_it_was_told() -> None:
    """`more` is true only when there is more."""
    assert Decoder(EVENTS).feed(protocol.encode_page(Page((), more=False))) == [Page((), more=False)]
    assert Decoder(EVENTS).feed(protocol.encode_page(Page((), more=True))) == [Page((), more=True)]


def test_a_welcome_to_thousands_of_people_fits_into_a_line() -> None:
    """Where not all people fit into the longest line, the first ones do, and the line can still be read."""
    crowd = tuple(Person("\U0001f600" * (MAX_NAME - 5) + f"{number:05}", online=False) for number in range(5000))
    welcome = Welcome(VERSION, "\U0001f600" * MAX_NAME, "h" * MAX_ID, "n" * MAX_NAME, crowd, MAX_INTEGER, "t" * 64)
    line = protocol.encode_welcome(welcome, protocol.encode_people(crowd))
    [read] = Decoder(EVENTS).feed(line)

    assert len(line) <= MAX_LINE
    assert isinstance(read, Welcome)
    assert len(read.people) > 300
    assert read.people == crowd[: len(read.people)]


@given(
    st.text(st.characters(codec="ascii"), max_size=70) | st.just("7"),
    st.text(st.characters(codec="ascii"), max_size=100) | st.just("   ") | st.text("a", min_size=3999, max_size=4001),
    st.sampled_from(["", " ", ',"to":"#everyone"', ',"id":"again"', "\r"]),
)
@example("7", "hello", "")
@example("7", " hello ", "")
@example("7", "", "")
def test_a_plain_send_means_what_the_parser_makes_of_it(id: str, text: str, extra: str) -> None:
    """The short way for the common line gives what the long way gives, errors too."""
    line = f'{{"type":"send","id":"{id}","text":"{text}"{extra}}}'.encode()
    try:
        expected: Command | BadLine = COMMANDS["send"](protocol.parse_object(line))
    except names.ProtocolError as problem:
        expected = BadLine(Error(problem.code, str(problem), problem.id))

    assume(b"\n" not in line)

    assert Commands().feed(line + b"\n") == [expected]


def test_plain_sends_that_come_together_are_read_together() -> None:
    """Plain messages alone are one item; with anything else among them, each is read by itself."""
    plain = b"".join(encode(Send(str(i), f"text {i}")) for i in range(3))
    said = [("0", "text 0"), ("1", "text 1"), ("2", "text 2")]
    sends = [Send(id, text) for id, text in said]

    assert CommandDecoder().feed(plain) == [PlainSends(said, 18)]
    assert CommandDecoder().feed(plain + encode(Ping())) == [*sends, Ping()]
    assert CommandDecoder().feed(plain + encode(Send("3", "@Bob hi"))) == [*sends, Send("3", "@Bob hi")]
    assert CommandDecoder().feed(encode(Send("3", "h\u00e4")) + plain) == [Send("3", "h\u00e4"), *sends]


@given(st.lists(st.sampled_from([b'{"type":"send","id":"1","text":"a"}\n', b"x\n", encode(Ping()), b"\n"]), max_size=6))
def test_nothing_between_plain_sends_is_passed_over(lines: list[bytes]) -> None:
    """However good lines and bad ones are mixed, each gets its answer."""
    together = Commands().feed(b"".join(lines))

    assert together == [item for line in lines for item in Commands().feed(line)]


def test_a_line_too_long_behind_plain_sends_is_said_at_once() -> None:
    """Nobody waits for more of a line that is too long already, whatever came before it."""
    *good, bad = Commands().feed(SEND + b"x" * MAX_LINE)

    assert good == [Send("1", "hello")]
    assert isinstance(bad, BadLine)
    assert bad.fatal


@pytest.mark.parametrize(("text", "port"), [("1", 1), (" 12345 ", 12345), ("65535", 65535), ("0002", 2)])
def test_a_port_is_read(text: str, port: int) -> None:
    """A port may have spaces around it."""
    assert protocol.read_port(text) == port


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "1.5", "1e3", "\u0663", "²", "1" * 5000, "\x1b[2J"])
def test_what_is_no_port_is_said(text: str) -> None:
    """Anything else gets a sentence that a terminal can show."""
    with pytest.raises(
        ValueError, match=r"^“.{0,20}” is no port\. A port is a number from 1 to 65535, mostly 12345\.$"
    ):
        protocol.read_port(text)


# --- however the bytes are cut ----------------------------------------------------------------------------------------


def transcript() -> bytes:
    """Good lines and bad ones, with characters of every width, an empty line and a Windows line end."""
    lines = [
        encode(Hello(VERSION, "Zoë", history="h", after=3)),
        encode(Send("1", "häl\u20aco \U0001f600\n“quoted” \\ [[[[{{{{")),
        b"\n",
        b'{"type":"send","id":"2","text":"\\ud83d\\ude00"}\r\n',
        b"\xff\xfe not UTF-8\n",
        b'{"type":"nonsense"}\n',
        encode(Ping()),
        encode(Bye()),
    ]
    return b"".join(lines)


def test_input_cut_at_any_byte_reads_the_same() -> None:
    """It makes no difference where the network cuts what was sent."""
    said = transcript()
    whole = Commands().feed(said)

    assert [type(item).__name__ for item in whole] == [
        "Hello",
        "Send",
        "BadLine",
        "Send",
        "BadLine",
        "BadLine",
        "Ping",
        "Bye",
    ]
    for cut in range(len(said) + 1):
        decoder = Commands()

        assert decoder.feed(said[:cut]) + decoder.feed(said[cut:]) == whole


def test_input_that_arrives_byte_by_byte_reads_the_same() -> None:
    """A connection that delivers single bytes says the same as one that delivers all at once."""
    said = transcript()
    decoder = Commands()
    read = [item for byte in said for item in decoder.feed(bytes([byte]))]

    assert read == Commands().feed(said)


@given(st.lists(st.binary(max_size=20)))
def test_lines_are_what_stands_between_newlines(pieces: list[bytes]) -> None:
    """Splitting into lines gives what splitting the whole at once gives, and keeps what has no newline yet."""
    splitter = LineSplitter()
    lines = [line for piece in pieces for line in splitter.feed(piece)]

    assert lines == b"".join(pieces).split(b"\n")[:-1]
    assert not splitter.overflow


# --- lines that are too long ------------------------------------------------------------------------------------------


def test_the_longest_line_is_read_and_one_byte_more_is_not() -> None:
    """A line of exactly the limit, newline included, is read; one byte more is too long, and nothing follows it."""
    fits = encode(Ping())[:-2] + b" " * (MAX_LINE - len(encode(Ping()))) + b"}\n"

    assert len(fits) == MAX_LINE
    assert Commands().feed(fits) == [Ping()]
    for packets in ([fits[:-1] + b" \n"], [fits[:-1], b" \n"], [fits[:-1] + b" ", b"\n"]):
        decoder = Commands()
        [bad] = [item for packet in packets for item in decoder.feed(packet)]

        assert isinstance(bad, BadLine)
        assert bad.fatal
        assert bad.error.code == "too_long"
        assert decoder.feed(HELLO) == []


def test_a_line_is_too_long_as_soon_as_it_cannot_end_in_time() -> None:
    """Nobody waits for the newline of a line that is too long already."""
    [bad] = Commands().feed(b"x" * MAX_LINE)

    assert isinstance(bad, BadLine)
    assert Commands().feed(b"x" * (MAX_LINE - 1)) == []


def test_good_lines_before_one_that_is_too_long_are_read() -> None:
    """A line over the limit takes none of the good ones before it with it, also not those of the same packet."""
    *good, bad = Commands().feed(HELLO + SEND + b"x" * MAX_LINE + b"\n" + SEND)

    assert good == [Hello(VERSION, "Ada"), Send("1", "hello")]
    assert isinstance(bad, BadLine)
    assert bad.fatal


def test_a_line_of_100_mb_without_an_end_costs_no_memory() -> None:
    """Whoever sends on and on without a newline gets one error, and makes nothing grow."""
    decoder = Commands()
    packet = b"x" * 65000
    tracemalloc.start()
    try:
        read = [item for _ in range(1600) for item in decoder.feed(packet)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert [item.error.code for item in read if isinstance(item, BadLine)] == ["too_long"]
    assert peak < 1_000_000


def test_half_a_line_says_nothing_yet() -> None:
    """A line counts when its newline is there, not before."""
    assert Commands().feed(HELLO[:-1]) == []


# --- lines that cannot be read ----------------------------------------------------------------------------------------

NOT_AN_OBJECT = [
    b"",
    b" ",
    b"null",
    b"1",
    b'"hello"',
    b"[]",
    b'[{"type":"ping"}]',
    b"GET / HTTP/1.1",
    b'{"type":"ping"',
    b'{"type":"ping"} {"type":"ping"}',
    b'{"type":"ping"},',
    b"{'type':'ping'}",
    b'{"type":"ping",}',
    b'{type:"ping"}',
    b'{"type":"pi\tng"}',
    b"\x00",
    b"{" * 8,
    b'\xef\xbb\xbf{"type":"ping"}',  # with a byte order mark
    '{"type":"ping"}'.encode("utf-16"),
    '{"type":"ping"}'.encode("utf-16-le"),
    '{"type":"ping"}'.encode("utf-32-be"),
    b'{"type":"ping","x":"\xff"}',
    b'{"type":"ping","x":"\xc0\xaf"}',  # / in two bytes
    b'{"type":"ping","x":"\xed\xa0\x80"}',  # half a surrogate pair, as it is
    b'{"type":"ping","x":"\\ud800"}',  # and escaped
    b'{"type":"ping","x":"\\ude00\\ud83d"}',  # the halves the wrong way round
    b'{"type":"ping","x":["\\uDFFF"]}',
    b'{"type":"ping","\\ud800":1}',
    b'{"type":"ping","x":NaN}',
    b'{"type":"ping","x":Infinity}',
    b'{"type":"ping","x":-Infinity}',
    b'{"type":"ping","x":1e999}',
    b'{"type":"ping","x":-1e999}',
    b'{"type":"ping","x":' + b"9" * 5000 + b"}",
    b'{"type":"ping","x":-' + b"9" * 5000 + b"}",
    b'{"type":"ping","x":' + b"9" * 21 + b"}",
    b'{"type":"ping","x":01}',
    b'{"type":"ping","x":' + b"9" * 5000 + b".0}",
    b'{"type":"ping","type":"ping"}',
    b'{"type":"ping","x":{"y":1,"y":1}}',
    b'{"type":"ping","x":1,"\\u0078":2}',  # the same key, escaped
    b'{"type":"ping","x":' + b"[" * 8 + b"]" * 8 + b"}",
    b'{"type":"ping","x":' + b'{"y":' * 8 + b"1" + b"}" * 8 + b"}",
    b"[" * 60000,
    b'{"type":"ping","x":' + b"[" * 30000 + b"]" * 30000 + b"}",
]


@pytest.mark.parametrize("line", NOT_AN_OBJECT, ids=lambda line: ascii(line)[2:42])
def test_a_line_that_is_not_one_json_object_gets_one_error(line: bytes) -> None:
    """Strict reading: what is not exactly one harmless JSON object in UTF-8 is refused, and only it."""
    before, *errors, after = Commands().feed(HELLO + line + b"\n" + SEND)

    assert before == Hello(VERSION, "Ada")
    assert errors
    for error in errors:  # UTF-16 and UTF-32 may hold a newline, and so be two bad lines
        assert isinstance(error, BadLine)
        assert error.error.code == "bad_message"
        assert not error.fatal
    assert after == Send("1", "hello")


WRONG_TYPES: list[dict[str, Any]] = [
    {},
    {"type": "nonsense"},
    {"type": "message", "seq": 1, "time": 1, "from": "Bob", "to": EVERYONE, "id": "1", "text": "not mine to say"},
    {"type": "welcome"},
    {"type": ""},
    {"type": None},
    {"type": 1},
    {"type": ["send"]},
    {"type": {"send": 1}},
    {"type": "hello"},
    {"type": "hello", "v": "1", "name": "Ada"},
    {"type": "hello", "v": 1.0, "name": "Ada"},
    {"type": "hello", "v": True, "name": "Ada"},
    {"type": "hello", "v": 1},
    {"type": "hello", "v": 1, "name": None},
    {"type": "hello", "v": 1, "name": ["Ada"]},
    {"type": "hello", "v": 1, "name": "Ada", "token": 1},
    {"type": "hello", "v": 1, "name": "Ada", "token": "t" * 5000},
    {"type": "hello", "v": 1, "name": "Ada", "password": {}},
    {"type": "hello", "v": 1, "name": "Ada", "history": 5},
    {"type": "hello", "v": 1, "name": "Ada", "after": "5"},
    {"type": "hello", "v": 1, "name": "Ada", "after": -1},
    {"type": "hello", "v": 1, "name": "Ada", "after": 2**63},
    {"type": "hello", "v": 1, "name": "Ada", "after": 1.5},
    {"type": "send", "text": "no id"},
    {"type": "send", "id": "", "text": "hello"},
    {"type": "send", "id": 1, "text": "hello"},
    {"type": "send", "id": "i" * (MAX_ID + 1), "text": "hello"},
    {"type": "send", "id": "a\nb", "text": "hello"},
    {"type": "send", "id": "\x1b[2J", "text": "hello"},
    {"type": "send", "id": "1"},
    {"type": "send", "id": "1", "text": 5},
    {"type": "send", "id": "1", "text": ["hello"]},
    {"type": "send", "id": "1", "text": ""},
    {"type": "send", "id": "1", "text": " \n\t "},
    {"type": "send", "id": "1", "text": "\x00\x1b\u202e"},
    {"type": "send", "id": "1", "text": "hello", "to": 5},
    {"type": "send", "id": "1", "text": "hello", "to": "n" * 1000},
    {"type": "history", "before": 1},
    {"type": "history", "before": 1, "limit": 0},
    {"type": "history", "before": 1, "limit": MAX_PAGE + 1},
    {"type": "history", "before": "1", "limit": 1},
    {"type": "history", "before": 1, "limit": 1, "with": 1},
    {"type": "history", "limit": 1},
    {"type": "history", "after": -1, "limit": 1},
    {"type": "history", "after": None, "limit": 1},
    {"type": "history", "before": None, "limit": 1, "after": 1},
    {"type": "history", "before": 2, "limit": 1, "after": 1},
    {"type": "search", "text": "x", "limit": MAX_FOUND + 1},
    {"type": "search", "text": "x" * (MAX_QUERY + 1), "limit": 1},
    {"type": "search", "limit": 1},
    {"type": "search", "text": "x", "limit": 1, "before": False},
    {"type": "typing"},
    {"type": "typing", "to": None},
    {"type": "seen", "with": "Bob"},
    {"type": "seen", "with": "Bob", "seq": -1},
    {"type": "seen", "with": ["Bob"], "seq": 1},
]


@pytest.mark.parametrize("fields", WRONG_TYPES, ids=lambda fields: json.dumps(fields)[:60])
def test_fields_of_the_wrong_type_get_an_error(fields: dict[str, Any]) -> None:
    """Every field is exactly what the protocol says it is, or the line is refused with a sentence."""
    error = refusal(fields)

    assert error.code == "bad_message"
    assert error.text.endswith(".")


BAD_EVENTS: list[dict[str, Any]] = [
    {"type": "send", "id": "1", "text": "a client's word"},
    {"type": "message", "seq": "1", "time": 1, "from": "Bob", "to": EVERYONE, "id": "1", "text": "hi"},
    {"type": "message", "seq": 1, "time": MAX_TIME + 1, "from": "Bob", "to": EVERYONE, "id": "1", "text": "hi"},
    {"type": "message", "seq": 1, "time": 1, "from": "Bob", "to": EVERYONE, "id": "1", "text": "x" * (MAX_TEXT + 1)},
    {"type": "message", "seq": 1, "time": 1, "from": "B" * 1000, "to": EVERYONE, "id": "1", "text": "hi"},
    {"type": "page", "messages": [1], "more": False},
    {"type": "page", "messages": {}, "more": False},
    {"type": "page", "messages": [[]], "more": False},
    {"type": "page", "messages": [], "more": 0},
    {"type": "welcome", "v": 1, "server": "s", "history": "h", "name": "n", "people": [{"name": "x"}], "last": 1},
    {"type": "welcome", "v": 1, "server": "s", "history": "h", "name": "n", "people": ["x"], "last": 1},
    {"type": "ack", "id": "1", "seq": 1},
    {"type": "joined", "name": "Bob", "time": -1},
    {"type": "bye", "reason": 5},
    {"type": "error", "code": "full"},
    {"type": "conversations"},
    {"type": "conversations", "conversations": [{"with": "Bob", "last": 1, "read": 1, "unread": 0}]},
    {"type": "conversations", "conversations": [{"with": 5, "last": 1, "read": 1, "unread": 0, "seen": 0}]},
    {"type": "page", "messages": [], "more": False, "after": "1"},
    {"type": "found", "messages": [], "more": False, "text": 5},
    {"type": "typing", "from": "Bob", "to": 5},
]


@pytest.mark.parametrize("fields", BAD_EVENTS, ids=lambda fields: json.dumps(fields)[:60])
def test_a_client_reads_servers_as_strictly(fields: dict[str, Any]) -> None:
    """A server that speaks nonsense cannot hurt a client: the line is refused, the next one is read."""
    bad, good = Decoder(EVENTS).feed(json.dumps(fields).encode() + b"\n" + encode(Pong()))

    assert isinstance(bad, BadLine)
    assert good == Pong()


@given(st.binary(max_size=300))
def test_random_bytes_never_raise(data: bytes) -> None:
    """Whatever arrives is read as messages or as bad lines, never as an exception."""
    for readers in (COMMANDS, EVENTS):
        for item in Decoder[Any](readers).feed(data + b"\n"):
            assert isinstance(item, BadLine)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=8,
)


@given(
    st.sampled_from(sorted({*COMMANDS, *EVENTS})),
    st.dictionaries(
        st.sampled_from(
            [
                "v",
                "name",
                "token",
                "history",
                "after",
                "id",
                "text",
                "to",
                "before",
                "limit",
                "with",
                "seq",
                "from",
                "time",
                "server",
                "people",
                "last",
                "messages",
                "more",
                "code",
                "reason",
            ]
        ),
        json_values,
    ),
)
def test_random_fields_never_raise(kind: str, fields: dict[str, Any]) -> None:
    """Any JSON in any field of any message is read or refused, never an exception."""
    line = json.dumps({"type": kind, **fields}).encode() + b"\n"
    for readers in (COMMANDS, EVENTS):
        [item] = Decoder[Any](readers).feed(line)

        assert isinstance(item, BadLine) or item.type == kind


def test_unknown_fields_are_ignored() -> None:
    """A later version may add fields, of any type, without anybody noticing."""
    assert read_command({"type": "ping", "new": {"deep": [1, {"er": None}]}, "also": 1.5}) == Ping()
    assert read_command({"type": "send", "id": "1", "text": "hi", "to": None}) == Send("1", "hi")


def test_an_error_names_the_message_it_answers() -> None:
    """Whoever sent a text that is refused learns which one it was."""
    too_long = refusal({"type": "send", "id": "17", "text": "x" * (MAX_TEXT + 1)})
    nothing = refusal({"type": "send", "id": "18", "text": " "})

    assert (too_long.code, too_long.id) == ("too_long", "17")
    assert (nothing.code, nothing.id) == ("bad_message", "18")
    assert read_command({"type": "send", "id": "19", "text": "x" * MAX_TEXT}) == Send("19", "x" * MAX_TEXT)


def test_another_version_is_told_so() -> None:
    """A client of a later version learns that this server does not speak it, whatever else it says."""
    assert refusal({"type": "hello", "v": 2, "name": {"first": "Ada"}}).code == "unsupported_version"


@pytest.mark.parametrize("name", ["", " ", "\x00", "\x1b[31mAda", "Ada\nBob", "@Ada", "n" * 33, "n" * 3000, "everyone"])
def test_a_name_that_cannot_be_one_is_a_name_problem(name: str) -> None:
    """Whatever is wrong with a name, the answer says so and the client may try another one."""
    assert refusal({"type": "hello", "v": 1, "name": name}).code == "name_invalid"


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 65000,
        b'{"a":' * 13000,
        b'{"type":"ping","x":"' + b"[" * 65000 + b'"}',
        b'{"type":"ping","x":"' + b'\\"[' * 21000 + b'"}',
        b'{"type":"ping","x":[' + b"[]," * 21000 + b"[]]}",
        b'"' + b"\\\\" * 32000 + b"[[[[[[[[[[",
        b'{"type":"ping","x":' + b"1" * 65000 + b"}",
        b'{"type":"ping","x":0.' + b"1" * 65000 + b"}",
        b'{"type":"ping","x":"' + b"\\u0041" * 10000 + b'"}',
        b'{"type":"ping","x":[' + b"[" * 60000,
    ],
    ids=lambda line: ascii(line)[2:32],
)
def test_a_hostile_line_is_judged_in_milliseconds(line: bytes) -> None:
    """The longest line, made to be slow, costs the reader no time (a regular expression once took 13 s for one)."""
    before = time.thread_time()
    [item] = Commands().feed(line[: MAX_LINE - 1] + b"\n")
    spent = time.thread_time() - before

    assert isinstance(item, BadLine | Ping)
    assert spent < 0.25


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("[" * 7 + "]" * 7, True),
        ("[" * 8 + "]" * 8, False),
        ("[[[[[[[],[]]]]]]]", True),
        ("[[],[],[],[],[],[],[],[],[],[]]", True),
        ('"[[[[[[[[[[[["', True),
        ('"\\"[[[[[[[[[[[["', True),
        ('"\\\\",[[[[[[[[[[[[]]]]]]]]]]]]', False),
        ('"\\\\\\"[[[[[[[[[[[["', True),
        ('["\\\\",[[[[[[[]]]]]]]]', False),
    ],
)
def test_depth_is_counted_as_a_parser_counts_it(value: str, accepted: bool) -> None:
    """Brackets inside strings are text, however they are quoted; eight levels are read and nine are not."""
    line = f'{{"type":"ping","x":{value}}}'

    assert (read_command(line) == Ping()) is accepted


def test_a_deep_line_is_harmless_on_a_thread_with_a_small_stack() -> None:
    """Nesting is bounded before the parser sees it: one such line once ended CPython 3.13 from a small stack."""
    read: list[Command | PlainSends | BadLine] = []
    usual = threading.stack_size(128 * 1024 if sys.platform != "win32" else 256 * 1024)
    try:
        reader = threading.Thread(target=lambda: read.extend(Commands().feed(b"[" * 65000 + b"\n" + SEND)))
        reader.start()
    finally:
        threading.stack_size(usual)
    reader.join(30)

    assert [type(item) for item in read] == [BadLine, Send]


# --- the chat in words ------------------------------------------------------------------------------------------------


def message(sender: str, to: str, text: str) -> Message:
    return Message(1, 1_700_000_000_000, sender, to, "1", text)


def test_people_come_and_go_in_words() -> None:
    """Joins and leaves are the sentences that the first chats had."""
    assert plain_line(Joined("Bob", 1), "Ada") == "Bob has joined the chat."
    assert plain_line(Left("Bob", 1), "Ada") == "Bob has left the chat."


def test_messages_are_told_by_who_reads_them() -> None:
    """A public message has its time; a private one says from whom it is, or, to its sender, for whom."""
    clock = time.strftime("%H:%M", time.localtime(1_700_000_000))

    assert plain_line(message("Bob", EVERYONE, "hello"), "Ada") == f"[{clock}] Bob: hello"
    assert plain_line(message("Bob", "Ada", "hi"), "Ada") == "Private message from Bob: hi"
    assert plain_line(message("Ada", "Bob", "hi"), "ada") == "Private message to Bob: hi"


def test_a_text_cannot_pass_for_another_persons_message() -> None:
    """Further lines of a text are set in: nobody can write a line that looks like somebody else's."""
    told = plain_line(message("Eve", EVERYONE, "hi\n[12:00] Bob: I owe Eve 10\n\nBob has left the chat."), "Ada")

    assert [line[:4] for line in told.split("\n")[1:]] == ["    "] * 3


@given(times)
def test_every_time_on_the_wire_has_a_clock(time_ms: int) -> None:
    """No time that the reader lets through makes a clock raise."""
    assert len(protocol.clock_time(time_ms)) == 5


# --- anything at all --------------------------------------------------------------------------------------------------

# Good lines, spoilt in up to three places by what parsers stumble over.
GOOD_LINES = [
    *(encode(command) for command in (
        Hello(VERSION, "Ada", "t", "p", "h", 3),
        Send("1", "hello"), Send("2", "h\u00e4\u20ac\U0001f600\n", "Bob"), Send("3", "@Bob: hi"),
        protocol.AskHistory(7, 10, "Bob"), protocol.AskSearch("word", 5, 9), protocol.TypingTo("Bob"),
        protocol.SeenWith("Bob", 4), AskHistory(None, 10, EVERYONE, 4), AskConversations(), Ping(), Pong(), Bye(),
    )),
    b'{"type":"nonsense"}\n', b"[1,2]\n", b"null\n", b"\n", b"GET / HTTP/1.1\r\n",
]  # fmt: skip
STUMBLES = [
    *(
        b"",
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[" * 9,
        b",",
        b":",
        b"\xff",
        b"\xc3",
        b"\x00",
        b"\x1b[2J",
        b"\r",
        b" ",
        b"@",
        b"0",
    ),
    *(b"\\ud800", b"\\u202e", b"\xe2\x80\xae", b"1e999", b"-1", b"NaN", b"null", b"true", b"9" * 400, b"{}", b'"v":1,'),
]
PLACES, LENGTHS = 151, 13


# Each is a place, a length and what stands there instead, in one number: to draw three takes three times as long.
spoils = st.lists(st.integers(0, PLACES * LENGTHS * len(STUMBLES) - 1), max_size=3)


def spoilt(line: bytes, numbers: list[int]) -> bytes:
    """`line` without its newline, with something else in some places."""
    line = line[:-1]
    for number in numbers:
        rest, at = divmod(number, PLACES)
        which, length = divmod(rest, LENGTHS)
        line = line[:at] + STUMBLES[which] + line[at + length :]
    return line


@settings(max_examples=10_000, deadline=None)
@given(st.sampled_from(GOOD_LINES), spoils, st.sampled_from([None, *GOOD_LINES]), spoils, st.integers(0, 100))
def test_whatever_is_said_is_answered_line_by_line(
    first: bytes, spoils_first: list[int], second: bytes | None, spoils_second: list[int], cut: int
) -> None:
    """Whatever bytes come, cut wherever: each line is a command that can be passed on, or gets one clear error."""
    lines = [spoilt(first, spoils_first)]
    if second is not None:
        lines.append(spoilt(second, spoils_second))
    said = b"".join(line + b"\n" for line in lines)
    decoder = Commands()
    read = decoder.feed(said[:cut]) + decoder.feed(said[cut:])

    assert len(read) == len(lines)
    for item in read:
        if isinstance(item, BadLine):
            assert item.error.code in {"bad_message", "too_long", "name_invalid", "unsupported_version"}
            assert item.error.text.isprintable()
            assert Decoder(EVENTS).feed(encode(item.error)) == [item.error]
        else:
            assert not isinstance(item, PlainSends)
            assert Commands().feed(encode(item)) == [item]
            if isinstance(item, Send):
                assert clean_text(item.text) == item.text
