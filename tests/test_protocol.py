"""The wire: what is written is read again, and nothing that arrives can do harm."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
import tracemalloc
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, get_args

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import protocol
from protocol import (
    COMMANDS,
    EVENTS,
    EVERYONE,
    MAX_FOUND,
    MAX_ID,
    MAX_INTEGER,
    MAX_LINE,
    MAX_NAME,
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
    NameProblem,
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
    UnknownPerson,
    Welcome,
    check_name,
    clean_line,
    clean_text,
    encode,
    in_words,
    name_key,
    split_address,
)

T = TypeVar("T")

# --- what people write, and every message there is --------------------------------------------------------------------

any_text = st.text(max_size=200)  # never holds a surrogate: those have tests of their own
shown_text = any_text.map(clean_text)
shown_line = st.text(max_size=MAX_NAME).map(clean_line)
ids = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=MAX_ID)
names = st.from_regex(r"[A-Za-z][a-z0-9]{0,9}( [a-z]{1,9})?", fullmatch=True)
seqs = st.integers(0, MAX_INTEGER)
times = st.integers(0, MAX_TIME)


def optional(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


people = st.builds(Person, shown_line, st.booleans())
messages = st.builds(Message, seqs, times, shown_line, shown_line, ids, shown_text)
few_messages = st.lists(messages, max_size=5).map(tuple)
addresses = names | st.just(EVERYONE)
page_sizes = st.integers(1, MAX_PAGE)
queries = st.text(max_size=MAX_QUERY).map(clean_line)
talked = st.builds(Talked, addresses, seqs, seqs, seqs, seqs)

EVERY_COMMAND: dict[type[Command], st.SearchStrategy[Command]] = {
    Hello: st.builds(Hello, st.just(VERSION), names, optional(ids), optional(any_text), optional(ids), optional(seqs)),
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
    except protocol.ProtocolError as problem:
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


@pytest.mark.parametrize(
    "name",
    [
        "Ада",
        "Иван Петров",
        "Αθηνά",
        "田中さん",
        "ヨーコ",
        "김철수",
        "金철수",
        "O\u02bcNeil",
        "مريم",
        "דָּוִד",
        "Ada 2",
        "Zoë",
        "Nguyễn Thị",
        "Андрей",
        "हिन्दी",
        "กี่",
        "O\u00b4Brien",
    ],
)
def test_names_of_one_script(name: str) -> None:
    """A name may be written in any script there is."""
    assert protocol.check_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", ["\u0430dmin", "B\u043eb", "Ada \u03a9", "\u00b5icro", "Ивaн", "Ada 田中", "\u13aada"])
def test_names_of_two_scripts(name: str) -> None:
    """Letters of two scripts in one name are there to deceive."""
    with pytest.raises(NameProblem, match=r"^That name mixes .* letters\. Use letters of one kind\.$"):
        protocol.check_name(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bob", "BOB"),
        ("Bob", "\uff22\uff4f\uff42"),
        ("Coco", "\u0421\u043e\u0441\u043e"),
        ("HOPE", "\u041d\u041e\u0420\u0415"),
        ("BETA", "\u0392\u0395\u03a4\u0391"),
        ("axë", "\u0430\u0445\u0451"),
        ("Ada B", "Ada \u00a0 B"),
        ("Jos\u00e9", "JOSE"),
        ("LISU", "\ua4e1\ua4f2\ua4e2\ua4f4"),
        ("DAWE", "\u13a0\u13aa\u13b3\u13ac"),
    ],
)
def test_names_that_look_alike(one: str, other: str) -> None:
    """Names that nobody can tell apart have one key."""
    assert protocol.look_alike_key(one) == protocol.look_alike_key(other)


@pytest.mark.parametrize(("one", "other"), [("Bob", "Bo"), ("Иван", "Ивaнн"), ("Ada", "Ада"), ("вета", "beta")])
def test_names_that_do_not_look_alike(one: str, other: str) -> None:
    """Names that differ to the eye are two people's."""
    assert protocol.look_alike_key(one) != protocol.look_alike_key(other)


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


# --- text that people see ---------------------------------------------------------------------------------------------

HARMFUL = [
    *map(chr, range(0x09)),
    *map(chr, range(0x0B, 0x20)),
    *map(chr, range(0x7F, 0xA0)),
    "\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
    "\u2066", "\u2067", "\u2068", "\u2069", "\ud800", "\udbff", "\udc00", "\udfff",
]  # fmt: skip


@pytest.mark.parametrize("character", HARMFUL, ids=ascii)
def test_what_could_harm_a_screen_is_taken_out(character: str) -> None:
    """No control, escape, direction override or half a surrogate pair ever reaches a window or a terminal."""
    assert clean_text(f"a{character}b") == "ab"
    assert character not in clean_line(f"a{character}b")


@given(st.text(st.characters(categories=["C", "Z", "L", "M", "S"])))
def test_clean_text_holds_no_control_whatever_it_was(text: str) -> None:
    """Only newline and tab are left of all control characters, and what was harmless stays in its order."""
    cleaned = clean_text(text)

    assert {c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")} <= {"\n", "\t"}
    assert not set(cleaned) & set(HARMFUL)
    assert [c for c in text if c.isprintable()] == [c for c in cleaned if c.isprintable()]
    assert clean_text(cleaned) == cleaned
    cleaned.encode()


@given(st.text(st.characters(categories=["C", "Z", "L"])))
def test_clean_line_is_one_line(text: str) -> None:
    """What goes into a log line or a name on a screen cannot begin a line of its own."""
    line = clean_line(text)

    assert len(line.splitlines()) <= 1
    assert "\t" not in line
    assert clean_line(line) == line


def test_ordinary_text_stays_as_it_was_written() -> None:
    """Lines, tabs, accents, emoji with their joiners and scripts that run from right to left are left alone."""
    text = "Zoë\tséance\n\u05e9\u05dc\u05d5\u05dd \u0928\u0915\u094d\u200d \U0001f469\u200d\U0001f680 \u00a0end"

    assert clean_text(text) == text
    assert read_command({"type": "send", "id": "1", "text": text}) == Send("1", text)


def test_a_server_cannot_send_controls_to_a_screen() -> None:
    """Names, texts and sentences are made harmless on their way in, whoever wrote the server."""
    dirt = "a\x1b]0;b\x07\u202ec"
    names = {"from": dirt, "to": dirt, "name": dirt, "text": dirt, "server": dirt, "reason": dirt}
    rest = {
        "v": 1,
        "seq": 1,
        "time": 1,
        "id": "1",
        "code": "full",
        "history": "h",
        "last": 1,
        "people": [],
        "more": True,
    }
    for kind in ("message", "welcome", "joined", "left", "typing", "seen", "error", "bye"):
        [event] = Decoder(EVENTS).feed(json.dumps({"type": kind, **names, **rest}).encode() + b"\n")

        assert not isinstance(event, BadLine)
        assert "a]0;bc" in str(event)
        assert "\\x1b" not in str(event)
        assert "\\u202e" not in str(event)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Ada", "Ada"),
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("Ada\u00a0\u3000Lovelace", "Ada Lovelace"),  # spaces that only look like one
        ("Zoe\u0308", "Zo\u00eb"),
        ("n" * MAX_NAME, "n" * MAX_NAME),
        ("\u674e\u96f7", "\u674e\u96f7"),
        (
            "\u0395\u03c5\u03ba\u03bb\u03b5\u03af\u03b4\u03b7\u03c2",
            "\u0395\u03c5\u03ba\u03bb\u03b5\u03af\u03b4\u03b7\u03c2",
        ),
        ("O'Brien-Smith", "O'Brien-Smith"),
        ("7", "7"),
        ("\U0001f600", "\U0001f600"),
        ("a@b", "a@b"),
        ("Everyone else", "Everyone else"),
    ],
)
def test_a_name_is_shown_as_its_owner_writes_it(typed: str, shown: str) -> None:
    """Spaces are put in order and accents composed; otherwise a name is its owner's affair."""
    assert check_name(typed) == shown


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "n" * (MAX_NAME + 1),
        "Ada\x00",
        "Ada\x1b[31m",
        "Ada\tBob",
        "Ada\nBob",
        "Ada\x85Bob",
        "Ada\u200b",  # zero width space
        "Ada\u200d",  # joiner
        "Ada\u00ad",  # soft hyphen
        "Ada\u202e",
        "\ufeffAda",
        "Ada\u2028Bob",
        "Ada\ue000",  # private use
        "Ada\ud800",
        "Ada\U000e0041",  # a tag
        "Ada\U0010ffff",
        "\u3164",  # a letter, says Unicode, that cannot be seen
        "\u115f\u1160",
        "\u2800",
        "@Ada",
        "#everyone",
        "\uff03everyone",  # with a full-width #: its key would be the address of the room
        "/exit",
        "{Ada",
        "\uff20Ada",
        "Ada:",
        "Ada:x",
        "Bob\uff1a",  # with a full-width colon: `@Bob: hi` would reach them, and not Bob
        "everyone",
        "EveryOne",
        "\uff45veryone",
        "...",
        "- -",
        "\u0301",
        *(f"Ada{c}" for c in "\u034f\u17b4\u180b\u180f\u2061\ufe00\ufe0f\ufff0\U0001d173\U000e0100\U000e0fff"),
        *(f"Server{c}" for c in "\u034f\ufe0f\u0300\u0332\u20e3\u0488"),
        "S\u00e9rver",
        "\ua4e2\ua4f0\ua4e3\ua4e6\ua4f0\ua4e3",  # SERVER in Lisu
        *(f"Ada{c}" for c in "\u0332\u0483\u0488\u0abc\u1cd0\u20e3\ufe20"),
        "Ada\u0307\u0307",
        "\uff21da\uff41\u0332",
        "\u0410\u0434\u0430\u0332",
        "\u0391\u03b4\u03b1\u0332",
        "\u0e01\u0e35\u0e48\u0e48",  # a Thai letter with three marks
        "Ada has left the chat. Bob",
        "Ada  HAS JOINED the Chat.",
        "Private message from A",
        "private\u00a0\uff4dessage",
    ],
    ids=ascii,
)
def test_what_cannot_be_a_name_is_refused_with_a_sentence(name: str) -> None:
    """Nobody is called something that cannot be seen, typed, addressed or told from the chat's own words."""
    with pytest.raises(NameProblem) as problem:
        check_name(name)

    assert problem.value.code == "name_invalid"
    assert str(problem.value).endswith(".")


def test_evil_names_are_refused_at_once() -> None:
    """A thousand names of the longest piles of marks cost less than forty did."""
    evil = "a" + "\u0345" * 1990 + "\u0334" * 1990
    began = time.monotonic()
    for _ in range(1000):
        with pytest.raises(NameProblem):
            check_name(evil)

    assert time.monotonic() - began < 1.0


@given(st.text(max_size=MAX_NAME + 4))
@example("\u1fb3\u0345")
@example("a\u2000 \u0301")
def test_a_name_that_was_accepted_stays_as_it_is(name: str) -> None:
    """Checking a checked name changes nothing, and it is still the same person."""
    try:
        shown = check_name(name)
    except NameProblem:
        return

    assert check_name(shown) == shown
    assert clean_line(shown) == shown
    assert name_key(shown) == name_key(name)
    assert name_key(shown) != EVERYONE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ADA"),
        ("Ada", "\uff21\uff44\uff41"),
        ("Stra\u00dfe", "STRASSE"),
        ("Zo\u00eb", "Zoe\u0308"),
        ("Ada  Lovelace", "ada\u00a0lovelace"),
        ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3"),
        ("\ufb01n", "FIN"),
    ],
)
def test_names_that_look_the_same_to_people_are_one_name(one: str, other: str) -> None:
    """Case, width, accents' encoding and spaces do not make another person."""
    assert name_key(one) == name_key(other)


@given(st.text(max_size=40))
def test_the_key_of_a_key_is_itself(name: str) -> None:
    """A key can be computed again from itself, so it can be stored and compared for ever."""
    assert name_key(name_key(name)) == name_key(name)


def test_the_key_of_every_single_character_is_settled() -> None:
    """There is no character in Unicode whose key would change when it is computed once more."""
    unsettled = [c for c in map(chr, range(sys.maxunicode + 1)) if name_key(name_key(c)) != name_key(c)]

    assert unsettled == []


# --- who a text is for ------------------------------------------------------------------------------------------------


def known(*people: str) -> Callable[[str], str | None]:
    """A chat in which these people are known."""
    return {name_key(name): name for name in people}.get


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("@Bob hi", "Bob", "hi"),
        ("@Bob: hi", "Bob", "hi"),
        ("@Bob:hi", "Bob", "hi"),
        ("@bob hi", "Bob", "hi"),
        ("@BOB:   hi  ", "Bob", "hi"),
        ("@Bob\nhi\nthere", "Bob", "hi\nthere"),
        ("@Bob\thi", "Bob", "hi"),
        ("@Bob", "Bob", ""),
        ("@Bob:", "Bob", ""),
        ("@Bob: @Ada says hi", "Bob", "@Ada says hi"),
        ("@Bob 12:30 at the door: fine?", "Bob", "12:30 at the door: fine?"),
        ("@Bob Marley hi", "Bob Marley", "hi"),
        ("@Bob Marley: hi", "Bob Marley", "hi"),
        ("@bob marley", "Bob Marley", ""),
        ("@Bob Marl hi", "Bob", "Marl hi"),
        ("@Zoe\u0308 hi", "Zo\u00eb", "hi"),
        ("@" + "W" * MAX_NAME + " hi", "W" * MAX_NAME, "hi"),
        ("@" + "E\u0308" * MAX_NAME + " hi", "\u00eb" * MAX_NAME, "hi"),
        ("@Bob " + "x" * 3990, "Bob", "x" * 3990),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_text_that_starts_with_a_name_is_for_that_person(text: str, name: str, rest: str) -> None:
    """`@name text` and `@name: text` find the person however the name is written; the longest name wins."""
    find = known("Bob", "Bob Marley", "Zo\u00eb", "W" * MAX_NAME, "\u00eb" * MAX_NAME, "Ada")

    assert split_address(text, find) == (name, rest)


@pytest.mark.parametrize("text", ["hi", "", "hi @Bob", " @Bob hi", "@", "@ hi", "@ Bob hi", "@: hi", "@\nBob", "a@Bob"])
def test_any_other_text_is_for_everyone(text: str) -> None:
    """Only an @ at the very start, with a name right behind it, makes a text private."""
    assert split_address(text, known("Bob")) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("@Carol hi", "Carol"),
        ("@Carol: hi", "Carol"),
        ("@Bobby hi", "Bobby"),
        ("@Bo hi", "Bo"),
        ("@@Bob hi", "@Bob"),
        ("@" + "x" * 4000, "x" * MAX_NAME),
        ("@Carol\x1b[2J hi", "Carol[2J"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_text_for_nobody_is_not_said_to_all(text: str, name: str) -> None:
    """Where nobody has the name the sender is told, so that nothing private is ever said in public by a slip."""
    with pytest.raises(UnknownPerson) as unknown:
        split_address(text, known("Bob"))

    assert unknown.value.code == "no_such_user"
    assert f"called {name} here" in str(unknown.value)


@given(names, st.text(max_size=50), st.sampled_from([" ", ": ", ":", "\n"]))
def test_an_address_is_read_off_and_the_rest_stays(name: str, text: str, between: str) -> None:
    """What stands behind the name arrives as it was written, without the spaces around it."""
    assert split_address(f"@{name}{between}.{text}", known(name)) == (name, f".{text}".strip())


@given(st.text(max_size=100))
def test_an_address_is_read_or_refused_never_raised(text: str) -> None:
    """Any text can be looked at for an address."""
    with contextlib.suppress(UnknownPerson):
        split_address(f"@{text}", known("Bob"))


# --- the chat in words ------------------------------------------------------------------------------------------------


def message(sender: str, to: str, text: str) -> Message:
    return Message(1, 1_700_000_000_000, sender, to, "1", text)


def test_people_come_and_go_in_words() -> None:
    """Joins and leaves are the sentences that the first chats had."""
    assert in_words(Joined("Bob", 1), "Ada") == "Bob has joined the chat."
    assert in_words(Left("Bob", 1), "Ada") == "Bob has left the chat."


def test_messages_are_told_by_who_reads_them() -> None:
    """A public message has its time; a private one says from whom it is, or, to its sender, for whom."""
    clock = time.strftime("%H:%M", time.localtime(1_700_000_000))

    assert in_words(message("Bob", EVERYONE, "hello"), "Ada") == f"[{clock}] Bob: hello"
    assert in_words(message("Bob", "Ada", "hi"), "Ada") == "Private message from Bob: hi"
    assert in_words(message("Ada", "Bob", "hi"), "ada") == "Private message to Bob: hi"


def test_a_text_cannot_pass_for_another_persons_message() -> None:
    """Further lines of a text are set in: nobody can write a line that looks like somebody else's."""
    told = in_words(message("Eve", EVERYONE, "hi\n[12:00] Bob: I owe Eve 10\n\nBob has left the chat."), "Ada")

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
spoils = st.tuples(st.integers(0, 150), st.integers(0, 12), st.sampled_from(STUMBLES))


def spoilt(line: bytes, places: list[tuple[int, int, bytes]]) -> bytes:
    """`line` without its newline, with something else in some places."""
    line = line[:-1]
    for at, length, instead in places:
        line = line[:at] + instead + line[at + length :]
    return line


said_lines = st.builds(spoilt, st.sampled_from(GOOD_LINES), st.lists(spoils, max_size=3))


@settings(max_examples=10_000, deadline=None)
@given(st.lists(said_lines, min_size=1, max_size=2), st.integers(0, 100))
def test_whatever_is_said_is_answered_line_by_line(lines: list[bytes], cut: int) -> None:
    """Whatever bytes come, cut wherever: each line is a command that can be passed on, or gets one clear error."""
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
