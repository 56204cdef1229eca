"""The password generator: its rules counted and drawn, its command line as a process, its window with real keys.

The window runs in the test's own thread on the screen that `python3 tests` provides; xdotool presses the keys, xclip
reads the clipboard, `Desk.until` lets Tk work until something is so.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import itertools
import math
import os
import re
import secrets
import shutil
import signal
import string
import subprocess
import sys
import time
import tkinter as tk
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tkinter import ttk
from typing import Any

import pytest

import password_gen
import protocol
from password_gen import (
    DARK,
    LIGHT,
    LOOK_ALIKES,
    MAX_SPECIAL,
    STRENGTHS,
    Impossible,
    Look,
    NoWords,
    PassphraseRules,
    PasswordRules,
    Window,
    bits,
    bits_words,
    duration_words,
    level,
    load_words,
    passphrase_rules,
    password_rules,
)
from processes import CHECKOUT, wait_until

CONTROLS = ("TButton", "TEntry", "TSpinbox", "TRadiobutton", "TCheckbutton")
SECONDS = 10.0  # for anything that is expected of the window
PROGRAM = CHECKOUT / "password_gen.py"
XCLIP, XDOTOOL = (shutil.which(tool) or tool for tool in ("xclip", "xdotool"))  # the real ones, whatever a test does
WORDS = ("ab", "b", "ca", "c-d")  # none begins another, and one holds a separator


# --- rules, counted and drawn -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sets", [("ab",), ("ab", "1"), ("ab", "cd", "12"), ("a", "bcd", "1", "!")])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6])
def test_the_count_is_the_number_of_strings_that_satisfy_the_rules(sets: tuple[str, ...], length: int) -> None:
    """Inclusion and exclusion against looking at every string there is."""
    allowed = [
        drawn
        for drawn in itertools.product("".join(sets), repeat=length)
        if all(set(characters) & set(drawn) for characters in sets)
    ]
    if length < len(sets):
        assert allowed == []
        with pytest.raises(Impossible, match=f"{length} characters cannot hold one of each of the {len(sets)} sets"):
            PasswordRules(sets, length)
    else:
        assert PasswordRules(sets, length).count() == len(allowed)


def chance(seen: Counter[str], possible: int) -> float:
    """How likely a uniform draw from `possible` strings is to be as uneven as `seen`, or more (Pearson's test)."""
    draws = seen.total()
    expected = draws / possible
    statistic = sum((times - expected) ** 2 for times in seen.values()) / expected + (possible - len(seen)) * expected
    # The chance is a finite sum when the degrees of freedom are even; with one more it is larger, never smaller.
    half = statistic / 2
    return math.fsum(math.exp(term * math.log(half) - half - math.lgamma(term + 1)) for term in range(possible // 2))


@pytest.mark.parametrize(
    "rules",
    [
        PasswordRules(("ab", "c"), 5),
        PassphraseRules(WORDS, 2, "-", digit=True),
    ],
    ids=["password", "passphrase"],
)
def test_every_allowed_password_is_equally_likely(rules: PasswordRules | PassphraseRules) -> None:
    """200,000 draws; this fails by chance less than once in a million, as `chance` is what it says."""
    seen = Counter(rules.draw() for _ in range(200_000))

    assert len(seen) == rules.count()
    assert chance(seen, rules.count()) > 1e-6


@pytest.mark.parametrize("rules", [password_rules("strong"), passphrase_rules(digit=True)])
def test_everything_is_drawn_by_secrets(
    rules: PasswordRules | PassphraseRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draws of `random` look the same to the test above, and can be foretold."""
    drawn: list[str] = []
    choose = secrets.choice

    def choice(among: Sequence[str]) -> str:
        drawn.append(choose(among))
        return drawn[-1]

    monkeypatch.setattr(secrets, "choice", choice)
    result = rules.draw()

    if isinstance(rules, PasswordRules):
        assert "".join(drawn).endswith(result)
    else:
        words, digit = drawn[:-1], drawn[-1]
        assert result.replace(digit, "") == "-".join(words)


def test_one_of_each_and_a_shuffle_would_be_found_out() -> None:
    """The usual mistake: it prefers some strings to others, as the test above is able to see."""

    def mistake(sets: Sequence[str], length: int) -> str:
        drawn = [secrets.choice(characters) for characters in sets]
        drawn += [secrets.choice("".join(sets)) for _ in range(length - len(sets))]
        secrets.SystemRandom().shuffle(drawn)
        return "".join(drawn)

    rules = PasswordRules(("ab", "c"), 5)
    seen = Counter(mistake(rules.sets, rules.length) for _ in range(20_000))

    assert len(seen) == rules.count()
    assert chance(seen, rules.count()) < 1e-12


@pytest.mark.parametrize("name", STRENGTHS)
def test_a_strength_is_its_sets(name: str) -> None:
    """Weak is lower case; Medium lower, upper, digits; Strong all four; at least one of each, and nothing else."""
    sets = [string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation]
    sets = sets[: {"weak": 1, "medium": 3, "strong": 4}[name]]
    rules = password_rules(name)
    short = password_rules(name, 4)

    assert rules.length == {"weak": 8, "medium": 12, "strong": 20}[name]
    for drawn in [rules.draw() for _ in range(500)] + [short.draw() for _ in range(500)]:
        assert set(drawn) <= set("".join(sets))
        assert all(set(characters) & set(drawn) for characters in sets)


def test_what_is_left_out_never_comes() -> None:
    """Look-alikes, characters of one's own, and special characters that were not chosen; repeats change nothing."""
    rules = password_rules("strong", 128, lookalikes=False, exclude="abcabc#", special="#!!€|")

    assert set("".join(rules.sets)) == set(string.ascii_letters + string.digits + "!€") - set(LOOK_ALIKES + "abc")
    assert set(rules.draw()) <= set("".join(rules.sets))


@pytest.mark.parametrize(
    ("settings", "setting", "sentence"),
    [
        ({"length": "3"}, "length", "Please give a whole number from 4 to 128."),
        ({"length": "129"}, "length", "Please give a whole number from 4 to 128."),
        ({"length": "twelve"}, "length", "Please give a whole number from 4 to 128."),
        ({"length": ""}, "length", "Please give a whole number from 4 to 128."),
        ({"length": "12.5"}, "length", "Please give a whole number from 4 to 128."),
        ({"length": "１２"}, "length", "Please give a whole number from 4 to 128."),  # noqa: RUF001 - wide digits
        ({"length": "9" * 5000}, "length", "Please give a whole number from 4 to 128."),
        ({"exclude": string.digits}, "exclude", "None of the digits are left: leave out fewer."),
        ({"special": "!", "exclude": "!"}, "exclude", "None of the special characters are left: leave out fewer."),
        ({"special": "!a"}, "special", "“a” is not a special character: take signs, no letters."),
        ({"special": "!é"}, "special", "“é” is not a special character: take signs, no letters."),
        ({"special": "½"}, "special", "“½” is not a special character: take signs, no letters."),
        ({"special": "! "}, "special", "A space is not a special character: take signs, no letters."),
        ({"special": "!\n"}, "special", "U+000A is not a special character: take signs, no letters."),
        ({"special": "\u0301"}, "special", "U+0301 is not a special character: take signs, no letters."),
        ({"special": "!\u2800"}, "special", "U+2800 is not a special character: take signs, no letters."),
        ({"special": "\ufffc"}, "special", "U+FFFC is not a special character: take signs, no letters."),
        ({"special": ""}, "special", "Strong needs special characters; for none, choose medium."),
        ({"special": "\udce2"}, "special", "U+DCE2 is not a special character: take signs, no letters."),
        ({"special": "".join(map(chr, range(0x2190, 0x21D1)))}, "special", "There can be at most 64 special"),
    ],
)
def test_what_cannot_be_is_refused_in_words(settings: dict[str, str], setting: str, sentence: str) -> None:
    """The error says which setting is meant and what to do about it."""
    length = settings.pop("length", None)
    with pytest.raises(Impossible, match=re.escape(sentence)) as refused:
        password_rules("strong", length, **settings)  # type: ignore[arg-type]

    assert refused.value.setting == setting


def test_the_worst_settings_are_drawn_in_bearable_time() -> None:
    """Drawing again is bounded: the least share that is accepted is at the corners of what can be set, at length 4.

    The logarithm of the share, of the logarithms of the sizes, is concave; more length makes it larger only.
    """
    corners = itertools.product((1, 26), (1, 26), (1, 10), (1, MAX_SPECIAL))
    shares = []
    for sizes in corners:
        characters = iter(map(chr, range(0x4E00, 0x9000)))
        sets = tuple("".join(itertools.islice(characters, size)) for size in sizes)
        shares.append(PasswordRules(sets, 4).count() / sum(sizes) ** 4)

    assert min(shares) > 1 / 13_200


def test_ten_thousand_strong_passwords_take_under_two_seconds() -> None:
    """Of 20 characters, in this process."""
    rules = password_rules("strong", 20)
    started = time.process_time()
    drawn = {rules.draw() for _ in range(10_000)}

    assert time.process_time() - started < 2
    assert len(drawn) == 10_000


def test_the_bits_are_known_for_known_settings() -> None:
    """26 letters 8 times; 62 characters 12 times with one of each; six words."""
    assert bits(password_rules("weak")) == pytest.approx(8 * math.log2(26))
    without = 52**12 + 36**12 + 36**12 - 26**12 - 26**12 - 10**12
    assert bits(password_rules("medium")) == pytest.approx(math.log2(62**12 - without))
    assert bits(passphrase_rules(6)) == pytest.approx(6 * math.log2(7776))
    assert bits(passphrase_rules(6, digit=True)) == pytest.approx(6 * math.log2(7776) + math.log2(60))
    assert bits(passphrase_rules(6, capitals=True)) == bits(passphrase_rules(6))
    assert bits_words(12.9999) == "12.99 bits"


def test_the_word_follows_the_bits() -> None:
    """Under 40 very weak, 65 weak, 100 good, above excellent; whatever the radio button is called."""
    limits = [39.9, 40, 64.9, 65, 99.9, 100]

    assert [level(limit) for limit in limits] == ["very weak", "weak", "weak", "good", "good", "excellent"]
    assert level(bits(password_rules("strong", 4))) == "very weak"
    assert level(bits(password_rules("weak", 128))) == "excellent"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.3, "less than a second"),
        (1.2, "about 1 second"),
        (119, "about 120 seconds"),
        (3600, "about 60 minutes"),
        (3 * 3600, "about 3 hours"),
        (40 * 86_400, "about 40 days"),
        (3 * 31_557_600, "about 3 years"),
        (45_300 * 31_557_600, "about 45 thousand years"),
        (999_900 * 31_557_600, "about 1 million years"),
        (5e9 * 31_557_600, "about 5 billion years"),
        (13.8e13 * 31_557_600, "about 10 thousand times the age of the universe"),
        (1e250, "more than a thousand trillion times the age of the universe"),
    ],
)
def test_durations_are_said_in_words(seconds: float, words: str) -> None:
    """To two figures: more would claim to know how fast somebody guesses."""
    assert duration_words(seconds) == words


# --- passphrases ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", ["-", "", " ", "b", "1", "11", "1b", "-c", "d-"])
@pytest.mark.parametrize("capitals", [False, True])
def test_no_two_draws_give_the_same_passphrase(separator: str, capitals: bool) -> None:
    """Every choice there is, spelled out: as many strings as choices, so the bits are not overstated.

    Also where a word holds the separator, and where the digit could be taken for a part of it.
    """
    shown = [word.capitalize() for word in WORDS] if capitals else WORDS
    for number in (1, 2, 3):
        plain = {separator.join(chosen) for chosen in itertools.product(shown, repeat=number)}
        digits = {
            separator.join((*chosen[:place], chosen[place] + digit, *chosen[place + 1 :]))
            for chosen in itertools.product(shown, repeat=number)
            for place in range(number)
            for digit in string.digits
        }
        rules = PassphraseRules(WORDS, number, separator, capitals)
        with_digit = PassphraseRules(WORDS, number, separator, capitals, digit=True)

        assert rules.count() == len(plain)
        assert with_digit.count() == len(digits)
        assert {rules.draw() for _ in range(200)} <= plain
        assert {with_digit.draw() for _ in range(200)} <= digits


@pytest.mark.parametrize("words", [("yo", "yo-yo"), ("a", "b", "a"), ("Ab", "c"), ("a1", "b"), ()])
def test_words_that_could_run_together_are_refused(words: tuple[str, ...]) -> None:
    """Where one word begins another, “yo-yo-yo” could have been drawn in two ways."""
    with pytest.raises(NoWords):
        PassphraseRules(words, 2)


def test_the_word_list_is_the_one_it_should_be() -> None:
    """The EFF large list: 7,776 words in order, one a line, 12.92 bits each, four of them with a hyphen."""
    words = load_words()
    content = (CHECKOUT / "words.txt").read_bytes()

    assert content == "".join(word + "\n" for word in words).encode()
    assert list(words) == sorted(set(words))
    assert len(words) == 7776
    assert [word for word in words if "-" in word] == ["drop-down", "felt-tip", "t-shirt", "yo-yo"]
    assert (words[0], words[-1]) == ("abacus", "zoom")
    assert bits_words(math.log2(len(words))) == "12.92 bits"


@pytest.mark.parametrize(
    ("number", "separator", "setting"),
    [
        ("1", "-", "words"),
        ("21", "-", "words"),
        ("six", "-", "words"),
        (6, "a\u0301", "separator"),
        (6, "-" * 9, "separator"),
    ],
)
def test_passphrases_that_cannot_be_are_refused(number: int | str, separator: str, setting: str) -> None:
    """The error says which setting is meant."""
    with pytest.raises(Impossible) as refused:
        passphrase_rules(number, separator=separator)

    assert refused.value.setting == setting


# --- standing alone ---------------------------------------------------------------------------------------------------


def test_it_imports_none_of_the_other_modules_and_never_random() -> None:
    """`random` is not for secrets, and the file can be given to somebody by itself (with its words)."""
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"))
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert imported <= set(sys.stdlib_module_names)
    assert "random" not in imported
    assert "secrets" in imported


def run(*words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own, without a display."""
    without = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run(
        [sys.executable, str(PROGRAM), *words],
        env=without | {"PYTHONUTF8": "1"} | environment,
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )


def test_passwords_are_printed_one_a_line_and_nothing_else() -> None:
    """Without a display, and without a byte on standard error."""
    done = run("--length", "20", "--strength", "strong", "--count", "5")

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [len(line) for line in lines] == [20] * 5
    assert len(set(lines)) == 5


def test_the_command_line_does_not_import_tk() -> None:
    """Not even where Tk is there: a server may have a broken one."""
    code = (
        "import sys, password_gen; password_gen.main(['--bits']); sys.exit(any('tk' in name for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, timeout=30, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        (["--strength", "weak"], r"[a-z]{8}"),
        (["--strength", "medium"], r"[a-zA-Z0-9]{12}"),
        (["--special", "-_", "--length", "128", "--no-lookalikes"], r"[a-km-np-zA-HJ-NP-Z2-9_-]{128}"),
        (["--exclude", "-a", "--strength", "weak", "--length", "128"], r"[b-z]{128}"),
        (["--words", "6"], r"[a-z-]{23,}"),
        (["--words", "3", "--separator", "--", "--capitals"], r"([A-Z][a-z-]+--){2}[A-Z][a-z-]+"),
        (["--words", "2", "--separator", "", "--digit"], r"[a-z-]+[0-9][a-z-]*"),
    ],
)
def test_the_options_do_what_they_say(words: list[str], pattern: str) -> None:
    """Also values that begin with a dash."""
    done = run(*words, "--count", "20")

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 20
    assert all(re.fullmatch(pattern, line) for line in lines), lines


def test_the_entropy_goes_to_standard_error() -> None:
    """So that a pipe gets the password alone."""
    assert run("--words", "6", "--bits").stderr == "77.54 bits\n"
    assert run("--bits").stderr == "130.92 bits\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--length", "3"], "--length: Please give a whole number from 4 to 128."),
        (["--count", "0"], "--count: Please give a whole number from 1 to 999,999,999."),
        (["--strength", ""], "--strength: Please choose one of weak, medium, strong."),
        (["--strength", "mighty"], "--strength: Please choose one of weak, medium, strong."),
        (["--exclude", string.ascii_lowercase], "--exclude: None of the lower-case letters are left"),
        (["--special", ""], "--special: Strong needs special characters"),
        (["--special", "!", "--strength", "medium"], "--special goes with --strength strong only."),
        (["--words", "6", "--length", "20"], "--length does not go with --words."),
        (["--digit"], "--digit goes with --words only."),
        (["--copy", "--count", "2"], "--copy goes with one password, not with --count."),
        (["--nonsense"], "unrecognized arguments: --nonsense."),
        (["--special"], "expected one argument"),
        (["extra"], "unrecognized arguments: extra."),
    ],
)
def test_impossible_settings_get_one_sentence_and_status_2(words: list[str], said: str) -> None:
    """Nothing is printed to standard output: nobody takes half an answer for a password."""
    done = run(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_version_is_hallways() -> None:
    """The file stands alone, so it says it itself."""
    assert run("--version").stdout == f"{protocol.__version__}\n"


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_what_is_said_never_goes_to_standard_output(redirection: str) -> None:
    """Where standard error is closed or full nobody is told; the status stays what it is."""
    command = f'"{sys.executable}" "{PROGRAM}" "$@" {redirection}'
    refused = subprocess.run(["sh", "-c", command, "sh", "--length", "3"], capture_output=True, check=False)
    printed = subprocess.run(["sh", "-c", command, "sh", "--bits"], capture_output=True, check=False)

    assert (refused.returncode, refused.stdout) == (2, b"")
    assert (printed.returncode, len(printed.stdout)) == (0, 21)


def test_the_commands_in_the_readme_work() -> None:
    """Each is run, and prints as many lines as the README shows."""
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^    \$ python3 password_gen\.py (.*)\n((?:    [^$].*\n)+)", text, re.MULTILINE)

    assert len(shown) == 2
    for words, output in shown:
        done = run(*words.split())
        assert done.returncode == 0
        printed = (done.stderr + done.stdout).splitlines()
        assert [len(line.split()) for line in printed] == [len(line.split()) for line in output.splitlines()]


def test_a_reader_who_has_enough_is_no_trouble() -> None:
    """`| head -1` ends the pipe early: no traceback, and no sentence either."""
    command = [sys.executable, str(PROGRAM), "--count", "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        status = process.wait(SECONDS)

    assert len(first) == 21
    assert (status, said) == (0, b"")


def test_ctrl_c_ends_it_quietly() -> None:
    """With status 130 and no traceback."""
    command = [sys.executable, str(PROGRAM), "--count", "999999999"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=SECONDS)

    assert (process.returncode, said) == (130, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_is_said() -> None:
    """One sentence, and status 1: the passwords are not there."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, str(PROGRAM), "--count", "2"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert done.returncode == 1
    assert done.stderr.startswith("The passwords could not be written: ")
    assert done.stderr.count("\n") == 1


def test_a_character_that_cannot_be_printed_is_not_replaced() -> None:
    """A question mark in its place would be another password."""
    done = run("--special", "€", PYTHONIOENCODING="ascii")

    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be printed here: set PYTHONUTF8=1, or leave it out." in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_a_display_it_says_what_to_do() -> None:
    """The window's sentence names the way that works here."""
    if sys.platform != "linux":
        pytest.skip("only X11 looks at DISPLAY")
    done = run()

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no display for a window here: use --count 1 to print a password.\n"


def test_without_tk_it_says_what_to_install(tmp_path: Path) -> None:
    """As on a Debian without python3-tk."""
    (tmp_path / "_tkinter.py").write_text("raise ImportError('no Tk here', name='_tkinter')")
    (tmp_path / "tkinter.py").write_text("import _tkinter")
    done = run(PYTHONPATH=str(tmp_path))

    assert done.returncode == 1
    assert "install it (python3-tk on Debian and Ubuntu), or use --count 1" in done.stderr
    assert run("--count", "1", PYTHONPATH=str(tmp_path)).returncode == 0


def test_without_the_word_list_only_passphrases_are_missing(tmp_path: Path) -> None:
    """The file by itself still makes passwords."""
    alone = tmp_path / "password_gen.py"
    alone.write_bytes(PROGRAM.read_bytes())
    command = [sys.executable, "-S", str(alone)]  # -S: an installed Hallway would have the words
    missing = subprocess.run([*command, "--words", "6"], capture_output=True, text=True, check=False)
    there = subprocess.run([*command, "--count", "1"], capture_output=True, text=True, check=False)

    assert (missing.returncode, missing.stdout) == (1, "")
    assert "Passphrases need words.txt" in missing.stderr
    assert (there.returncode, there.stderr) == (0, "")


@pytest.mark.parametrize("kind", ["pipe", "large"])
def test_a_word_list_that_cannot_be_one_is_not_read(tmp_path: Path, kind: str) -> None:
    """A pipe would be waited for for ever, a file of two gigabytes would fill the memory."""
    (tmp_path / "password_gen.py").write_bytes(PROGRAM.read_bytes())
    if kind == "pipe":
        os.mkfifo(tmp_path / "words.txt")
    else:
        with (tmp_path / "words.txt").open("wb") as words:
            words.truncate(2 << 30)
    command = [sys.executable, "-S", str(tmp_path / "password_gen.py"), "--words", "6"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Passphrases need words.txt")


# --- what can be read -------------------------------------------------------------------------------------------------


def contrast(one: str, other: str) -> float:
    """The contrast of two colours from 1 to 21, after WCAG 2.1."""

    def luminance(colour: str) -> float:
        parts = [part / 255 for part in password_gen.rgb(colour)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# --- the real window --------------------------------------------------------------------------------------------------


class Desk:
    """Somebody at a keyboard, in front of the generator's window."""

    def __init__(self, scale: float = 1.0) -> None:
        gc.collect()  # here, where Tk runs: an older window that another thread tidies away ends the process
        self.environment = dict(os.environ)  # of the tools here, whatever a test does to the generator's
        self.root = tk.Tk(className="Password-generator")
        self.root.tk.call("tk", "scaling", 96 / 72 * scale)
        self.window = Window(self.root)
        self.root.geometry("+0+0")
        self.beats = 0
        self.longest = 0.0  # s, between two beats
        self._beaten = time.monotonic()
        self._beat()
        self.until(self.root.winfo_viewable, "the window is on the screen")
        self.focus(self.window.generate_button)
        self.longest = 0.0

    def _beat(self) -> None:
        now = time.monotonic()
        self.longest, self._beaten, self.beats = max(self.longest, now - self._beaten), now, self.beats + 1
        self._timer = self.root.after(10, self._beat)

    def close(self) -> None:
        """Ends the window as its user would."""
        if not self.window.closed:
            self.root.after_cancel(self._timer)
            self.window.close()

    def until(self, condition: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
        """Lets Tk work until `condition()` is true."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"waited {seconds:g} s in vain: {what}. The window says: {self.said!r}")
            self.root.update()
            time.sleep(0.001)

    def focus(self, widget: tk.Misc) -> None:
        """There is no window manager on the test's screen, so the keyboard is given by force."""
        widget.focus_force()
        self.until(lambda: self.root.focus_get() is widget, "it has the keyboard")

    def press(self, *keys: str) -> None:
        """Presses keys by their X11 names."""
        self._xdotool("key", "--delay", "2", *keys)

    def _xdotool(self, *words: str) -> None:
        subprocess.run([XDOTOOL, *words], env=self.environment, check=True, timeout=SECONDS)

    def fill(self, field: Any, text: str) -> None:
        """Types `text` into a field instead of what stands there."""
        self.focus(field)
        field.selection_range(0, "end")
        self.press("BackSpace")
        self.until(lambda: field.get() == "", "the field is empty")
        if text:
            self._xdotool("type", "--delay", "2", "--", text)
            self.until(lambda: field.get() == text, f"{text} stands in the field")

    def click(self, widget: tk.Misc) -> None:
        """Clicks into the middle of it."""
        self.root.update()
        x = widget.winfo_rootx() + widget.winfo_width() // 2
        y = widget.winfo_rooty() + widget.winfo_height() // 2
        self._xdotool("mousemove", str(x), str(y), "click", "1")

    def new_after(self, deed: Callable[[], object]) -> str:
        """The password that comes by `deed`."""
        before = self.window.password
        deed()
        self.until(lambda: self.window.password != before, "there is a new password")
        return self.window.password

    def read_clipboard(self, selection: str = "clipboard") -> str:
        """What another program gets, while the window goes on as it must when the clipboard is its own."""
        command = [XCLIP, "-o", "-selection", selection]
        with subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as reading:
            self.until(lambda: reading.poll() is not None, "xclip has read the clipboard")
            assert reading.stdout is not None
            return reading.stdout.read()

    def other_copies(self, text: str, selection: str = "CLIPBOARD") -> None:
        """Another program copies; xclip ends a moment before what it copied can be had."""
        command = [XCLIP, "-selection", selection.lower()]
        subprocess.run(command, env=self.environment, input=text, text=True, check=True, timeout=SECONDS)

        def there() -> bool:
            with contextlib.suppress(tk.TclError):
                return bool(self.root.tk.call("selection", "get", "-selection", selection) == text)
            return False

        self.until(there, f"{text!r} is copied")

    @property
    def said(self) -> str:
        """What stands under the buttons."""
        return "" if self.window.closed else str(self.window.said.cget("text"))

    def says(self, text: str, seconds: float = SECONDS) -> None:
        """Waits until it stands there."""
        self.until(lambda: text in self.said, f"it says {text!r}", seconds)

    def widgets(self, inside: tk.Misc | None = None) -> Iterator[tk.Misc]:
        """All of the window's, or those inside one of them."""
        for widget in (inside or self.root).winfo_children():
            yield widget
            yield from self.widgets(widget)


@pytest.fixture
def open_desk() -> Iterator[Callable[..., Desk]]:
    """`open_desk(scale)` opens a window, with letters `scale` times as large as usual."""
    opened: list[Desk] = []

    def open_one(scale: float = 1.0) -> Desk:
        opened.append(Desk(scale))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
    opened.clear()
    gc.collect()


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """The window as it opens."""
    return open_desk()


needs_xclip = pytest.mark.skipif(sys.platform != "linux", reason="reads the clipboard of X11")


def test_it_opens_with_a_strong_password(desk: Desk) -> None:
    """It stands in the Entry, and its bits beside it."""
    window = desk.window

    assert window.entry.get() == window.password
    assert len(window.password) == 20
    assert window.entropy.cget("text") == "Excellent: 130.92 bits of entropy, 20 characters"
    assert "10 billion guesses a second: about 300 billion times the age of the universe" in window.guessing.cget(
        "text"
    )
    assert "Helvetica" in str(desk.root.tk.call("font", "configure", "GeneratorTitle"))
    assert str(window.title.cget("background")) == "#3498db"


def test_a_new_one_comes_with_enter_the_button_and_every_setting(desk: Desk) -> None:
    """Enter works wherever the keyboard is."""
    window = desk.window
    passwords = {window.password, desk.new_after(lambda: desk.press("Return"))}
    passwords.add(desk.new_after(lambda: desk.click(window.generate_button)))
    passwords.add(desk.new_after(lambda: desk.press("space")))
    desk.focus(window.fields["exclude"])
    passwords.add(desk.new_after(lambda: desk.press("KP_Enter")))
    passwords.add(desk.new_after(lambda: desk.press("x")))

    assert len(passwords) == 6
    assert "x" not in window.password


def test_the_length_goes_with_the_strength_until_somebody_changes_it(desk: Desk) -> None:
    """8, 12 and 20 by the radio buttons; a length of one's own stays."""
    window = desk.window
    radios = {str(radio.cget("value")): radio for radio in desk.widgets() if radio.winfo_class() == "TRadiobutton"}
    for name, length in (("weak", 8), ("medium", 12), ("strong", 20), ("weak", 8)):
        desk.new_after(lambda name=name: desk.click(radios[name]))  # type: ignore[misc]
        desk.until(lambda length=length: len(window.password) == length, f"{name} has {length} characters")  # type: ignore[misc]
        assert name in str(radios[name].cget("text")).lower()
    assert window.entropy.cget("text") == "Very weak: 37.60 bits of entropy, 8 characters"

    desk.fill(window.fields["length"], "30")
    desk.click(radios["medium"])
    desk.until(lambda: window.strength.get() == "medium", "medium is chosen")

    assert len(window.password) == 30
    assert window.entropy.cget("text").startswith("Excellent: 1")


def test_a_length_typed_on_purpose_stays(desk: Desk) -> None:
    """Also when it is the one that goes with the strength."""
    desk.fill(desk.window.fields["length"], "20")
    radios = [radio for radio in desk.widgets() if radio.winfo_class() == "TRadiobutton"]
    desk.focus(next(radio for radio in radios if radio.cget("value") == "strong"))
    desk.new_after(lambda: desk.press("Left"))
    desk.until(lambda: desk.window.strength.get() == "medium", "the key has gone to the strength beside it")
    assert len(desk.window.password) == 20


def test_enter_presses_the_button_that_has_the_keyboard(desk: Desk) -> None:
    """Everywhere else it makes a new one."""
    password = desk.window.password
    desk.focus(desk.window.hide_button)
    desk.press("Return")
    desk.until(lambda: desk.window.entry.cget("show") == "•", "it is hidden")
    desk.focus(desk.window.look_button)
    desk.press("Return")
    desk.until(lambda: desk.window.theme.look is DARK, "it is dark")

    assert desk.window.password == password


def test_the_boxes_do_what_they_say(desk: Desk) -> None:
    """Look-alikes, capitals, a digit: the entropy and the password follow."""
    window = desk.window
    boxes = {str(box.cget("text")).strip(): box for box in desk.widgets() if box.winfo_class() == "TCheckbutton"}
    window.length.set("128")
    desk.root.update()
    desk.new_after(lambda: desk.click(boxes["Leave out look-alikes:"]))
    assert not set(window.password) & set(LOOK_ALIKES)
    assert bits_words(bits(password_rules("strong", 128, lookalikes=False))) in window.entropy.cget("text")

    window.mode.set("passphrase")
    desk.root.update()
    desk.new_after(lambda: desk.click(boxes["A digit behind one of the words"]))
    assert len(re.findall("[0-9]", window.password)) == 1
    desk.new_after(lambda: desk.click(boxes["Capitals: every word begins with one"]))
    assert len(re.findall("[A-Z]", window.password)) == 6


def test_the_bar_has_the_colour_of_the_word_beside_it(desk: Desk) -> None:
    """Very weak, weak, good and excellent are four colours, in both looks."""
    window = desk.window
    for look in (LIGHT, DARK):
        window.wear(look)
        for length, colour in (("5", look.very_weak), ("8", look.weak), ("12", look.good), ("20", look.excellent)):
            window.length.set(length)
            assert str(window.bar.cget("background")) == colour
        assert len({look.very_weak, look.weak, look.good, look.excellent}) == 4


def test_a_long_password_can_be_read_whole_and_nothing_moves(desk: Desk) -> None:
    """Below its field, in lines; the height follows the settings and not what is drawn."""
    window = desk.window
    assert not window.whole.winfo_ismapped()
    window.mode.set("passphrase")
    window.words.set("20")
    desk.until(window.whole.winfo_ismapped, "it stands below")
    for _ in range(5):
        desk.root.update()
    heights = set()
    for _ in range(30):
        window.refresh()
        desk.root.update()
        heights.add(window.page.winfo_reqheight())
        assert str(window.whole.cget("text")).replace("\n", "") == window.password
    assert len(heights) == 1

    window.hide_button.invoke()
    assert set(str(window.whole.cget("text"))) <= {"•", "\n"}


@pytest.mark.parametrize("nonsense", ["abc", "3", "129", "1e1", "-8", ""])
def test_nonsense_is_said_beside_the_field_and_nothing_is_made_of_it(desk: Desk, nonsense: str) -> None:
    """No password, nothing to copy; and all is well again with the next sensible number."""
    window = desk.window
    desk.fill(window.fields["length"], nonsense)
    desk.until(lambda: window.password == "", "there is no password")

    assert window.entry.get() == ""
    assert window.troubles["length"].cget("text") == "Please give a whole number from 4 to 128."
    assert window.troubles["length"].winfo_rooty() == pytest.approx(window.fields["length"].winfo_rooty(), abs=30)
    assert window.copy_button.instate(["disabled"])
    desk.press("ctrl+c")
    desk.says("There is no password to copy.")

    desk.fill(window.fields["length"], "16")
    desk.until(lambda: len(window.password) == 16, "there is a password again")
    assert window.troubles["length"].cget("text") == "from 4 to 128 characters"


def test_every_trouble_is_said_where_it_is(desk: Desk) -> None:
    """Special characters that are none, sets with nothing left, too many words, a separator that is none."""
    window = desk.window
    desk.fill(window.fields["special"], "a")
    assert "is not a special character" in window.troubles["special"].cget("text")
    desk.fill(window.fields["special"], "")
    assert "Strong needs special characters" in window.troubles["special"].cget("text")
    desk.fill(window.fields["special"], "!?")
    desk.fill(window.fields["exclude"], "!?")
    assert "None of the special characters are left" in window.troubles["exclude"].cget("text")

    window.mode.set("passphrase")
    desk.root.update()
    desk.fill(window.fields["words"], "21")
    assert "from 2 to 20" in window.troubles["words"].cget("text")
    assert window.password == ""
    desk.fill(window.fields["words"], "4")
    assert window.password.count("-") >= 3


def test_hide_and_show(desk: Desk) -> None:
    """Hidden, the Entry draws dots; what is copied stays the password."""
    window = desk.window
    desk.click(window.hide_button)
    desk.until(lambda: window.hide_button.cget("text") == "Show", "it is hidden")
    assert window.entry.cget("show") == "•"
    assert window.entry.get() == window.password

    desk.click(window.hide_button)
    desk.until(lambda: window.hide_button.cget("text") == "Hide", "it is shown")
    assert window.entry.cget("show") == ""


def test_everything_can_be_reached_with_the_keyboard(desk: Desk) -> None:
    """The Tab key goes through all there is, in both modes, and comes back to where it was."""
    for mode in ("password", "passphrase"):
        desk.window.mode.set(mode)
        desk.root.update()
        reachable = {
            widget for widget in desk.widgets() if widget.winfo_ismapped() and widget.winfo_class() in CONTROLS
        }  # fmt: skip
        desk.focus(desk.window.generate_button)
        visited = {desk.root.focus_get()}
        for _ in range(len(reachable)):
            before = desk.root.focus_get()
            desk.press("Tab")
            desk.until(lambda before=before: desk.root.focus_get() is not before, "the keyboard goes on")  # type: ignore[misc]
            visited.add(desk.root.focus_get())

        assert visited == reachable
        assert desk.root.focus_get() is desk.window.generate_button


def text_and_ground(desk: Desk) -> Iterator[tuple[str, str, str]]:
    """Every pair of colours in which text is drawn, with where it is: each widget in each state it can be in."""
    states = ["", "active", "focus", "selected", "invalid", "disabled", "readonly", "selected active", "focus selected"]
    for widget in desk.widgets():
        if isinstance(widget, ttk.Widget) and widget.winfo_class() not in ("TFrame", "TScrollbar"):
            style = str(widget.cget("style")) or widget.winfo_class()
            look_up = desk.window.theme.style.lookup
            ground = "fieldbackground" if "Entry" in style or "Spinbox" in style else "background"
            for state in states:
                of = state.split()
                yield f"{style} {state}", str(look_up(style, "foreground", of)), str(look_up(style, ground, of))
            if ground == "fieldbackground":
                selected = [str(look_up(style, part)) for part in ("selectforeground", "selectbackground")]
                yield f"{style} selected text", selected[0], selected[1]


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_everything_can_be_read(desk: Desk, look: Look) -> None:
    """Every text of the window reaches 4.5:1 on what it stands on (WCAG 2.1, AA), the large title 3:1."""
    desk.window.wear(look)
    desk.root.update()
    pairs = set(text_and_ground(desk))

    assert len(pairs) > 60
    assert {where: contrast(ink, ground) for where, ink, ground in pairs if contrast(ink, ground) < 4.5} == {}
    assert contrast(look.title, look.accent) >= 3


@pytest.mark.parametrize("scale", [1.0, 2.0], ids=["100 %", "200 %"])
def test_nothing_is_cut_off(open_desk: Callable[..., Desk], scale: float) -> None:
    """In both modes, narrow and wide: whatever has words has room for them."""
    desk = open_desk(scale)
    narrow, _ = desk.root.minsize()
    for mode, width in itertools.product(("password", "passphrase"), (narrow, desk.root.winfo_width())):
        desk.window.mode.set(mode)
        desk.root.geometry(f"{width}x{round(600 * scale)}")
        desk.until(lambda width=width: desk.window.canvas.winfo_width() == width, "it has its size")  # type: ignore[misc]
        for _ in range(5):
            desk.root.update()
        for widget in desk.widgets(desk.window.page):
            if widget.winfo_ismapped() and widget.winfo_class() != "Frame":
                right = widget.winfo_rootx() + widget.winfo_width() - desk.window.page.winfo_rootx()
                assert widget.winfo_height() >= widget.winfo_reqheight(), (mode, width, widget)
                assert right <= width, (mode, width, widget)
                if "width" not in widget.keys() or str(widget.cget("width")) in ("", "0"):  # noqa: SIM118
                    assert widget.winfo_width() >= widget.winfo_reqwidth(), (mode, width, widget)


def test_a_low_screen_scrolls_to_where_the_keyboard_is(desk: Desk) -> None:
    """Nothing is out of reach where the window is lower than what is in it."""
    desk.root.geometry("560x260")
    desk.until(desk.window.scrollbar.winfo_ismapped, "there is a scroll bar")
    for field in (desk.window.fields["exclude"], desk.window.look_button):
        desk.focus(field)
        desk.until(
            lambda field=field: 0 <= field.winfo_rooty() - desk.root.winfo_rooty() <= 260 - field.winfo_height(),  # type: ignore[misc]
            "it is in sight",
        )


# --- the clipboard ----------------------------------------------------------------------------------------------------


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """`tools(script)` puts an xclip of our own before the real one; what it starts is ended with the test."""
    folder = tmp_path / "tools"
    folder.mkdir()

    def put(script: str) -> Path:
        program = folder / "xclip"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
        return folder

    return put


@pytest.fixture
def hanging(tools: Callable[[str], Path]) -> Iterator[Path]:
    """An xclip that hangs for 20 s; the fixture is the file in which its process is."""
    pid = tools('echo $$ > "$0.pid"; exec sleep 20') / "xclip.pid"
    yield pid
    if pid.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGKILL)


READS = f'case "$*" in *-o*) exec {XCLIP} "$@";; esac; '
SLOW = f'{READS}sleep 0.5; exec {XCLIP} "$@"'
# As from within a sandbox: the generator does not find it among the programs it has started.
UNMARKED = f"env -u {password_gen.Tools.VARIABLE} sh -c"
OUT_OF_REACH = f"""{READS}exec {UNMARKED} 'sleep 0.9; exec {XCLIP} "$@"' sh "$@" """
LAGGING = f"""{READS}text=$(cat)
{UNMARKED} 'sleep 0.3; printf %s "$0" | {XCLIP} -selection c' "$text" >/dev/null 2>&1 &"""


@needs_xclip
def test_a_copy_goes_through_pyperclip_and_is_emptied_in_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C; another program reads it; the seconds are counted down; then the clipboard is empty."""
    monkeypatch.setattr(password_gen, "CLIPBOARD_SECONDS", 2)
    desk.press("ctrl+c")
    desk.says("Password copied through pyperclip. The clipboard is emptied in 2 s.")

    assert desk.read_clipboard() == desk.window.password
    desk.says("emptied in 1 s.")
    desk.says("The clipboard is empty again.")
    assert desk.read_clipboard() == ""


@needs_xclip
def test_thirty_seconds_are_the_promise(desk: Desk) -> None:
    """The tests above wait for less."""
    desk.click(desk.window.copy_button)
    desk.says("The clipboard is emptied in 30 s.")
    desk.says("The clipboard is emptied in 29 s.")


@needs_xclip
def test_what_somebody_else_copied_is_left_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time, and at closing."""
    monkeypatch.setattr(password_gen, "CLIPBOARD_SECONDS", 1)
    desk.press("ctrl+c")
    desk.says("Password copied through pyperclip.")
    desk.other_copies("something else")
    desk.says("The password is not on the clipboard any more.")
    assert desk.read_clipboard() == "something else"

    desk.press("ctrl+c")
    desk.says("Password copied through pyperclip.")
    desk.other_copies("something else")
    desk.close()
    assert on_clipboard() == "something else"


Fault = Callable[[pytest.MonkeyPatch, Callable[[str], Path]], object]


def no_pyperclip(monkeypatch: pytest.MonkeyPatch, _: Callable[[str], Path]) -> None:
    monkeypatch.setitem(sys.modules, "pyperclip", None)


def no_tool(monkeypatch: pytest.MonkeyPatch, tools: Callable[[str], Path]) -> None:
    folder = tools("true")
    (folder / "xclip").unlink()
    monkeypatch.setenv("PATH", str(folder))


def dead_display(monkeypatch: pytest.MonkeyPatch, _: Callable[[str], Path]) -> None:
    monkeypatch.setenv("DISPLAY", ":987")


def failing_tool(_: pytest.MonkeyPatch, tools: Callable[[str], Path]) -> None:
    tools("exit 1")


@needs_xclip
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (no_pyperclip, "Password copied through Tk, as pyperclip is not installed."),
        (no_tool, "Password copied through Tk, as pyperclip needs xclip, xsel or wl-copy, and a display."),
        (dead_display, "Password copied through Tk, as pyperclip's tool did not put it there."),
        (failing_tool, "Password copied through Tk, as pyperclip"),
    ],
)
def test_where_pyperclip_fails_tk_copies(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    tools: Callable[[str], Path],
    fault: Fault,
    said: str,
) -> None:
    """It says so; others can read it, the window reads its own clipboard, and nothing freezes meanwhile."""
    monkeypatch.setattr(password_gen, "CLIPBOARD_SECONDS", 0.6)
    fault(monkeypatch, tools)
    desk.press("ctrl+c")
    desk.says(said)

    assert desk.read_clipboard() == desk.window.password
    desk.says("The clipboard is empty again.")
    assert desk.read_clipboard() == ""
    assert desk.longest < 2


def test_it_says_that_it_did_not_copy(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Tk's clipboard takes nothing either, nobody is told that something was copied."""
    monkeypatch.setitem(sys.modules, "pyperclip", None)
    monkeypatch.setattr(password_gen.Clipboard, "_put", lambda *_: None)
    desk.press("ctrl+c")
    desk.says("Not copied: pyperclip is not installed, and the clipboard of Tk did not take it either.")

    assert desk.window.said.cget("style") == "Trouble.TLabel"


@needs_xclip
def test_a_pyperclip_that_hangs_does_not_freeze_the_window(
    desk: Desk, hanging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time, two seconds, Tk copies; the next copy goes as if nothing had been."""
    assert password_gen.COPY_SECONDS == 2
    monkeypatch.setattr(password_gen, "COPY_SECONDS", 0.5)
    desk.press("ctrl+c")
    desk.says("Copying…")
    first = desk.window.password
    desk.says("Password copied through Tk, as pyperclip did not answer in 0.5 s.")
    assert desk.window.root.clipboard_get() == first

    second = desk.new_after(lambda: desk.press("Return"))
    desk.press("ctrl+c")
    desk.says("The clipboard is emptied in 30 s.")
    assert desk.window.root.clipboard_get() == second
    assert hanging.exists()
    assert desk.longest < 2


@needs_xclip
@pytest.mark.parametrize("script", [SLOW, OUT_OF_REACH], ids=["ended", "out of reach"])
def test_a_copy_that_comes_too_late_does_not_stay(
    desk: Desk, tools: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """pyperclip was given up, and would put an older password over the newer one, after the time or at the end."""
    monkeypatch.setattr(password_gen, "COPY_SECONDS", 0.3)
    tools(script)
    desk.press("ctrl+c")
    first = desk.window.password
    desk.says("pyperclip did not answer in 0.3 s")
    second = desk.new_after(lambda: desk.press("Return"))
    desk.window.clipboard._copy_through_tk(second, "the test wants it")
    came = time.monotonic() + 1
    desk.until(lambda: time.monotonic() > came, "the late copy has come")

    assert first != second
    assert desk.read_clipboard() == second


@needs_xclip
def test_what_is_said_of_the_clipboard_follows_the_password(desk: Desk) -> None:
    """After a new one it is the one before that is there; what was said of nothing to copy is not true any more."""
    desk.press("ctrl+c")
    desk.says("Password copied through pyperclip. The clipboard is emptied in 30 s.")
    desk.new_after(lambda: desk.press("Return"))
    desk.says("The one before is on the clipboard, for ")
    desk.window.length.set("")
    desk.press("ctrl+c")
    desk.says("There is no password to copy. The password copied before is removed in ")
    desk.window.length.set("20")
    desk.says("The one before is on the clipboard, for ")


@needs_xclip
def test_what_could_not_be_emptied_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner of the clipboard that does not answer is trouble, and no reason to forget the password."""
    monkeypatch.setattr(password_gen, "CLIPBOARD_SECONDS", 1)
    monkeypatch.setattr(password_gen, "AGAIN_SECONDS", 1)
    desk.press("ctrl+c")
    desk.says("Password copied through pyperclip.")
    content = desk.window.clipboard._content
    monkeypatch.setattr(desk.window.clipboard, "_content", lambda: None)
    desk.says("The clipboard does not answer: the password may still be on it. It is tried again in 1 s.")
    assert desk.window.said.cget("style") == "Trouble.TLabel"

    monkeypatch.setattr(desk.window.clipboard, "_content", content)
    desk.says("The password is not on the clipboard any more.")
    assert desk.window.said.cget("style") == "Hint.TLabel"


@pytest.mark.parametrize("problem", [SystemExit, KeyboardInterrupt, MemoryError])
def test_whatever_pyperclip_raises_is_not_printed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], problem: type[BaseException]
) -> None:
    """Its message may hold the password."""

    def copy(text: str) -> None:
        raise problem(text)

    monkeypatch.setattr(password_gen, "pyperclip_copy", copy)
    desk.press("ctrl+c")
    desk.says(f"Password copied through Tk, as pyperclip failed ({problem.__name__}).")

    assert capfd.readouterr() == ("", "")


@needs_xclip
@pytest.mark.parametrize("key", ["Tab", "Up"])
def test_ctrl_c_copies_the_password_from_the_length_too(desk: Desk, key: str) -> None:
    """Tk selects the number by itself, which is nobody's wish to copy it."""
    desk.focus(desk.window.fields["length"])
    desk.press(key, "shift+Tab", "ctrl+c") if key == "Tab" else desk.press(key, "ctrl+c")
    desk.says("Password copied through pyperclip.")

    assert desk.read_clipboard() == desk.window.password


@needs_xclip
def test_the_password_does_not_leak_into_the_primary_selection(desk: Desk) -> None:
    """Selecting it hands it to nobody; nor does Ctrl-X get a part of it to where nobody empties it."""
    desk.other_copies("before", "PRIMARY")
    desk.focus(desk.window.entry)
    desk.window.entry.selection_range(0, 5)
    desk.press("ctrl+x")
    desk.says("Password copied through pyperclip.")

    assert desk.read_clipboard("primary") == "before"
    assert desk.read_clipboard() == desk.window.password


@needs_xclip
def test_ctrl_c_in_a_field_copies_what_is_selected_there(desk: Desk) -> None:
    """As everywhere; without a selection it copies the password."""
    field = desk.window.fields["special"]
    desk.fill(field, "!?")
    field.selection_range(0, "end")
    desk.press("ctrl+c")
    desk.says("Copied what is selected in the field, not the password.")
    assert desk.window.root.clipboard_get() == "!?"
    field.selection_clear()
    desk.press("ctrl+c")
    desk.says("Password copied through pyperclip.")


# --- the program as a process -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened() -> Iterator[subprocess.Popen[str]]:
    """`python3 password_gen.py` with its window on the screen and the keyboard in it."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        find = ["search", "--sync", "--onlyvisible", "--name", "^Password Generator$", "windowfocus", "--sync"]
        subprocess.run([XDOTOOL, *find], check=True, timeout=20, stdout=subprocess.DEVNULL)
        yield process
    finally:
        process.kill()
        process.communicate()


def on_clipboard() -> str:
    """What a program gets that asks for the clipboard now; "" also when nobody owns it."""
    command = [XCLIP, "-o", "-selection", "clipboard"]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False).stdout


@needs_xclip
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_window_with_an_empty_clipboard(number: signal.Signals, status: int) -> None:
    """Ctrl-C in the terminal, or the end of the session."""
    with opened() as process:
        subprocess.run([XDOTOOL, "key", "ctrl+c"], check=True)
        wait_until(lambda: len(on_clipboard()) == 20, SECONDS, "the password is on the clipboard")
        process.send_signal(number)
        printed, said = process.communicate(timeout=SECONDS)

    assert (process.returncode, printed, said) == (status, "", "")
    assert on_clipboard() == ""


@needs_xclip
def test_closing_the_window_empties_the_clipboard() -> None:
    """A password does not outlive the window it came from."""
    with opened() as process:
        subprocess.run([XDOTOOL, "key", "ctrl+c"], check=True)
        wait_until(lambda: len(on_clipboard()) == 20, SECONDS, "the password is on the clipboard")
        subprocess.run([XDOTOOL, "key", "ctrl+q"], check=True)
        printed, said = process.communicate(timeout=SECONDS)

    assert (process.returncode, printed, said) == (0, "", "")
    assert on_clipboard() == ""


@needs_xclip
def test_the_window_closes_while_pyperclip_hangs(hanging: Path) -> None:
    """The worker thread is left behind, and the program ends."""
    with opened() as process:
        subprocess.run([XDOTOOL, "key", "ctrl+c"], check=True)
        wait_until(hanging.exists, SECONDS, "pyperclip has started the xclip that hangs")
        started = time.monotonic()
        subprocess.run([XDOTOOL, "key", "ctrl+q"], check=True)
        status = process.wait(SECONDS)
        took = time.monotonic() - started
        _, said = process.communicate(timeout=SECONDS)

    assert (status, said) == (0, "")
    assert took < 8  # and not the 20 s that xclip takes


def stays_so(condition: Callable[[], object], seconds: float) -> None:
    """Looks again and again for `seconds`: nothing tells that a copy will not come any more, so only time can. That is
    longer than the 0.3 s by which the one that lags is late.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert condition()
        time.sleep(0.1)


@needs_xclip
@pytest.mark.parametrize("script", [SLOW, OUT_OF_REACH, LAGGING], ids=["ended", "out of reach", "lagging"])
def test_closing_does_not_leave_a_copy_behind_that_is_on_its_way(tools: Callable[[str], Path], script: str) -> None:
    """Whether xclip can be ended or has to be waited for, and where it arrives only after pyperclip has returned."""
    subprocess.run([XCLIP, "-selection", "clipboard"], input="before", text=True, check=True)
    started = tools(f'touch "$0.started"; {script}') / "xclip.started"
    with opened() as process:
        subprocess.run([XDOTOOL, "key", "ctrl+c"], check=True)
        wait_until(started.exists, SECONDS, "xclip has started")
        subprocess.run([XDOTOOL, "key", "ctrl+q"], check=True)
        process.wait(SECONDS)
    stays_so(lambda: on_clipboard() in ("", "before"), 0.6)


@contextlib.contextmanager
def copying(*words: str) -> Iterator[subprocess.Popen[str]]:
    """The command line with `--copy`."""
    command = [sys.executable, str(PROGRAM), "--copy", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@needs_xclip
def test_the_command_line_copies_and_empties(tools: Callable[[str], Path]) -> None:
    """It waits with the password on the clipboard; Ctrl-C empties it. No program got it as an argument."""
    told = tools(f'echo "$@" >> "$0.told"; exec {XCLIP} "$@"') / "xclip.told"
    with copying("--words", "4") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        password = process.stdout.readline().strip()
        assert process.stderr.readline().startswith("Copied through pyperclip. Emptied in 30 s")
        assert on_clipboard() == password
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=SECONDS)  # ends only if xclip holds none of our pipes

    assert (process.returncode, printed, said) == (130, "", "The clipboard is empty again.\n")
    assert on_clipboard() == ""
    assert "-selection" in told.read_text()
    assert password not in told.read_text()


@needs_xclip
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (no_tool, "Not copied: pyperclip needs xclip, xsel or wl-copy, and a display.\n"),
        (dead_display, "Not copied: the clipboard does not hold the password, though pyperclip has copied it.\n"),
    ],
)
def test_the_command_line_says_that_it_did_not_copy(
    monkeypatch: pytest.MonkeyPatch, tools: Callable[[str], Path], fault: Fault, said: str
) -> None:
    """The password is printed all the same; the status says that it is not on the clipboard."""
    fault(monkeypatch, tools)
    with copying() as process:
        printed, told = process.communicate(timeout=SECONDS)

    assert (process.returncode, told) == (1, said)
    assert len(printed) == 21


def copied(process: subprocess.Popen[str]) -> str:
    """The password that a process of `copying` has put on the clipboard."""
    assert process.stdout is not None
    assert process.stderr is not None
    password = process.stdout.readline().strip()
    assert process.stderr.readline().startswith("Copied through pyperclip.")
    assert on_clipboard() == password
    return password


@needs_xclip
@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        (signal.SIGINT, signal.SIGINT, 130),
        (signal.SIGTERM, signal.SIGINT, 143),
        (signal.SIGHUP, signal.SIGTERM, 129),
    ],
)
def test_a_second_signal_does_not_leave_the_password_there(
    first: signal.Signals, second: signal.Signals, status: int
) -> None:
    """Ctrl-C pressed twice, or a session that ends in a hurry."""
    with copying() as process:
        copied(process)
        process.send_signal(first)
        process.send_signal(second)
        _, said = process.communicate(timeout=SECONDS)

    assert process.returncode in (status, 128 + second)  # the system delivers two that wait by their numbers
    assert said == "The clipboard is empty again.\n"
    assert on_clipboard() == ""


@needs_xclip
def test_the_command_line_leaves_alone_what_somebody_else_copied() -> None:
    """It looks before it empties."""
    with copying() as process:
        copied(process)
        subprocess.run([XCLIP, "-selection", "clipboard"], input="something else", text=True, check=True)
        wait_until(lambda: on_clipboard() == "something else", SECONDS, "something else is copied")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=SECONDS)

    assert (process.returncode, said) == (143, "The password is not on the clipboard any more.\n")
    assert on_clipboard() == "something else"


QUICK = (
    "import sys, password_gen as p; p.CLIPBOARD_SECONDS = 0.5; p.COPY_SECONDS = float(sys.argv[1]); "
    "p.LATE_SECONDS = 2; sys.exit(p.main(['--copy']))"
)  # the command line with less patience


@needs_xclip
@pytest.mark.parametrize("redirection", ["", "2>&-", "2>/dev/full", "2>&1 | head -1"])
def test_the_command_line_empties_in_time_whoever_listens(redirection: str) -> None:
    """Also where nobody can be told."""
    subprocess.run([XCLIP, "-selection", "clipboard"], input="before", text=True, check=True)
    command = f'"{sys.executable}" -c "$0" 2 {redirection}'
    done = subprocess.run(
        ["sh", "-c", command, QUICK], cwd=CHECKOUT, capture_output=True, text=True, timeout=SECONDS, check=False
    )

    assert done.returncode == 0
    assert len(done.stdout) == 21
    assert on_clipboard() == ""


@needs_xclip
@pytest.mark.parametrize("script", [SLOW, OUT_OF_REACH, LAGGING], ids=["ended", "out of reach", "lagging"])
def test_a_copy_that_the_command_line_gave_up_does_not_stay(tools: Callable[[str], Path], script: str) -> None:
    """It is ended, or waited for."""
    tools(script)
    done = subprocess.run(
        [sys.executable, "-c", QUICK, "0.1"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    password = done.stdout.strip()
    stays_so(lambda: on_clipboard() != password, 0.5)

    if script != LAGGING:
        assert done.stderr.startswith("Not copied: pyperclip did not answer in 0.1 s.\n")
        assert done.returncode == 1


@needs_xclip
@pytest.mark.parametrize(
    ("script", "said"),
    [
        (f'case "$*" in *-o*) exec sleep 20;; esac; exec {XCLIP} "$@"', "Not copied: the clipboard does not answer.\n"),
        ("exec sleep 20", "Not copied: pyperclip did not answer in 0.3 s.\n"),
    ],
    ids=["paste", "copy"],
)
def test_the_command_line_does_not_wait_for_a_pyperclip_that_hangs(
    tools: Callable[[str], Path], script: str, said: str
) -> None:
    """Whether the copy has come or not, and though looking takes for ever, the password does not stay."""
    tools(script)
    done = subprocess.run(
        [sys.executable, "-c", QUICK, "0.3"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (1, said)
    assert on_clipboard() != done.stdout.strip()
