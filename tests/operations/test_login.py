"""``cockpit login``: browser, pasted, by phone; the token is proven, kept privately, and taken up by who runs."""

import os
import pty
import re
import select
import socket
import stat
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from engine.operations.account_desk import AccountDesk, SignedIn, SignInWay, has_display
from engine.operations.desk import open_desk
from engine.system.errors import CockpitError
from engine.upstox.rest.token import Token, TokenStore
from engine.world.directories import Home
from tests.fake_upstox import RunningFake, running_fake
from tests.fake_upstox.account import CLIENT_ID, CLIENT_SECRET, make_token
from tests.operations.account import command, of_fake, write_settings
from tests.operations.browser import Browser, browse, free_port
from tests.operations.outside import REPOSITORY, Outside, clean_environment
from tests.recordings import EQ_A, made_packets, write_recording

ELSEWHERE = "https://desk.example/cockpit"
"""A registered redirect address that is not of this machine."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFake]:
    """A broker whose day is today, so that its tokens live by this machine's clock."""
    path = tmp_path_factory.mktemp("tape") / "day.json.gz"
    write_recording(path, made_packets(EQ_A, count=50), indent=None)
    with running_fake(recordings=(path,), wall=True) as fake:
        yield fake


@dataclass
class Stand:
    """A home with the app's settings, a person's end of the line, and what the sign-in said."""

    fake: RunningFake
    root: Path
    said: list[str] = field(default_factory=list)
    on_said: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.redirect_uri = f"http://127.0.0.1:{free_port()}/back"
        self.settings()

    def settings(self, **upstox: object) -> None:
        app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uri": self.redirect_uri}
        write_settings(self.root, of_fake(self.fake, **(app | upstox)))

    def paste(self, text: str) -> None:
        os.write(self.writing, text.encode() + b"\n")

    def sign_in(self, way: SignInWay, *, seconds: float = 10.0) -> SignedIn:
        def say(text: str) -> None:
            self.said.append(text)
            self.on_said(text)

        return AccountDesk(open_desk(self.root, ())).sign_in(way, say, self.reading, seconds=seconds)

    def dialog(self) -> str:
        """Return the address of the broker's page, as the person was told."""
        [url] = re.findall(r"http://\S+/v2/login/authorization/dialog\S+", "\n".join(self.said))
        return str(url)

    @property
    def kept(self) -> Token | None:
        return TokenStore(self.root)()

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


@pytest.fixture
def stand(served: RunningFake, tmp_path: Path) -> Iterator[Stand]:
    place = Stand(served, tmp_path / "home")
    yield place
    place.close()
    served.control("DELETE", "faults")
    served.control("POST", "state", {"login_denied": False, "notifier_url": None})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def sent_to(dialog: str) -> str:
    """Open the broker's page and return where it sends the browser."""
    try:
        urllib.request.build_opener(_NoRedirect).open(dialog, timeout=60)
    except urllib.error.HTTPError as answer:
        with answer:
            return str(answer.headers["Location"])
    raise AssertionError("expected the page to send the browser on")


def check_nothing_secret(stand: Stand, *texts: str) -> None:
    kept = stand.kept
    whole = "\n".join([*stand.said, *texts])
    assert CLIENT_SECRET not in whole
    assert kept is None or kept.reveal() not in whole


def test_the_browser_brings_the_code_back_to_this_machine(stand: Stand) -> None:
    stand.on_said = browser = Browser()
    signed_in = stand.sign_in(SignInWay.BROWSER)
    browser.close()
    assert browser.shown == ["The cockpit has the code. You may close this page."]
    assert re.fullmatch(
        r"signed in as Fake Trader \(FAKE01\); token good until \d\d \w\w\w 03:30 \(in \d+ h \d\d min\); "
        rf"kept in {re.escape(str(stand.root / 'token'))}",
        signed_in.text,
    )
    assert signed_in.warnings == ()
    assert stand.kept is not None
    assert stat.S_IMODE((stand.root / "token").stat().st_mode) == 0o600
    check_nothing_secret(stand, signed_in.text)
    query = parse_qs(urlsplit(stand.dialog()).query)
    assert query["redirect_uri"] == [stand.redirect_uri]
    assert len(query["state"][0]) >= 32


def test_a_stranger_at_the_door_changes_nothing(stand: Stand) -> None:
    """Other paths, other methods, half requests and another sign-in's state are turned away; the code still comes."""

    def visit(dialog: str) -> str:
        seen = []
        strange = urlencode({"code": "stolen", "state": "of another sign-in"})
        for url in (f"{stand.redirect_uri}?{strange}", stand.redirect_uri.replace("back", "favicon.ico")):
            with pytest.raises(urllib.error.HTTPError) as refusal:
                urllib.request.urlopen(url, timeout=60)
            with refusal.value:
                seen.append(refusal.value.code)
        parts = urlsplit(stand.redirect_uri)
        with socket.create_connection((parts.hostname, parts.port), 5) as line:
            line.sendall(b"GET /ba")
        with socket.create_connection((parts.hostname, parts.port), 5) as line:
            line.sendall(b"\x16\x03\x01\r\n\r\n")
        browse(dialog)
        return f"{seen}"

    stand.on_said = browser = Browser(visit=visit)
    stand.sign_in(SignInWay.BROWSER)
    browser.close()
    assert browser.shown == ["[400, 404]"]
    assert stand.kept is not None


def test_a_person_who_says_no_is_heard(stand: Stand) -> None:
    stand.fake.control("POST", "state", {"login_denied": True})
    stand.on_said = browser = Browser()
    with pytest.raises(CockpitError, match="got a refusal by the broker: 'access_denied'") as refusal:
        stand.sign_in(SignInWay.BROWSER)
    browser.close()
    assert (refusal.value.exit_code, stand.kept) == (1, None)


@pytest.mark.parametrize("whole", [True, False])
def test_over_a_line_the_address_or_its_code_is_pasted(stand: Stand, whole: bool) -> None:
    stand.settings(redirect_uri=ELSEWHERE)

    def paste(text: str) -> None:
        if "paste here" in text:
            address = sent_to(stand.dialog())
            stand.paste(address if whole else parse_qs(urlsplit(address).query)["code"][0])

    stand.on_said = paste
    signed_in = stand.sign_in(SignInWay.PASTE)
    assert stand.kept is not None
    check_nothing_secret(stand, signed_in.text)


def test_an_address_of_another_sign_in_is_refused(stand: Stand) -> None:
    stand.paste(f"{stand.redirect_uri}?code=abc&state=of-another")
    with pytest.raises(CockpitError, match="expected the state of this sign-in, got another one") as refusal:
        stand.sign_in(SignInWay.PASTE)
    assert (refusal.value.exit_code, stand.kept) == (1, None)
    assert stand.fake.calls("login_token") == [] or "abc" not in str(stand.fake.calls("login_token")[-1])


def test_a_code_works_once(stand: Stand) -> None:
    stand.settings(redirect_uri=ELSEWHERE)
    codes: list[str] = []

    def paste(text: str) -> None:
        if "paste here" in text:
            codes.append(
                codes[0] if codes else sent_to(stand.dialog()).partition("code=")[2].partition("&")[0]
            )
            stand.paste(codes[-1])

    stand.on_said = paste
    stand.sign_in(SignInWay.PASTE)
    first = stand.kept
    with pytest.raises(
        CockpitError, match=r"Invalid Auth code \(UDAPI100057\) \(HTTP 401\); sign in again"
    ) as refusal:
        stand.sign_in(SignInWay.PASTE)
    assert refusal.value.exit_code == 1
    assert codes[0] not in str(refusal.value)
    assert stand.kept == first


def test_a_broker_that_does_not_answer_is_named(stand: Stand) -> None:
    stand.fake.plant("lose-answer", call="login_token", times=0)
    stand.paste("c00001x")
    with pytest.raises(
        CockpitError, match=r"expected the broker to answer, got: .*no whole answer"
    ) as refusal:
        stand.sign_in(SignInWay.PASTE)
    assert refusal.value.exit_code == 1
    assert "c00001x" not in str(refusal.value)


def test_after_the_approval_on_the_phone_the_message_brings_the_token(stand: Stand) -> None:
    uri = f"http://127.0.0.1:{free_port()}/notify-7f3a"
    stand.settings(notifier_uri=uri)
    stand.fake.control("POST", "state", {"notifier_url": uri})
    signed_in = stand.sign_in(SignInWay.PHONE)
    assert signed_in.text.startswith("signed in as Fake Trader")
    check_nothing_secret(stand, signed_in.text)


def test_a_message_for_another_app_or_of_another_kind_brings_nothing(stand: Stand) -> None:
    uri = f"http://127.0.0.1:{free_port()}/notify"
    stand.settings(notifier_uri=uri)
    answers: list[int] = []

    def post(body: bytes, path: str = uri) -> None:
        try:
            with urllib.request.urlopen(path, body, timeout=60) as answer:
                answers.append(answer.status)
        except urllib.error.HTTPError as refusal:
            with refusal:
                answers.append(refusal.code)

    def messages() -> None:
        post(b"not json")
        post(b'{"client_id":"another","access_token":"x.y.z","message_type":"access_token"}')
        post(b'{"client_id":"%s","message_type":"order_update"}' % CLIENT_ID.encode())
        post(b"{}", uri + "/elsewhere")
        stand.fake.control("POST", "state", {"notifier_url": uri})
        stand.fake.control("POST", "token", {"act": "approve"})

    thread = threading.Thread(target=messages, daemon=True)
    stand.on_said = lambda text: thread.start() if "awaited" in text else None
    stand.sign_in(SignInWay.PHONE)
    thread.join(60)
    assert answers == [400, 400, 400, 404]
    assert stand.kept is not None


def test_without_a_notifier_address_here_the_token_is_pasted(stand: Stand) -> None:
    token = stand.fake.control("POST", "token", {})["access_token"]
    stand.paste(token)
    stand.sign_in(SignInWay.PHONE)
    assert stand.kept == Token(token)
    assert len(stand.fake.calls("token_request")) >= 1


def test_a_request_with_a_wrong_secret_is_refused_without_showing_it(stand: Stand) -> None:
    stand.settings(client_secret="hush-hush")
    with pytest.raises(CockpitError, match=r"Invalid Credentials \(UDAPI100016\) \(HTTP 401\)") as refusal:
        stand.sign_in(SignInWay.PHONE)
    assert refusal.value.exit_code == 1
    assert "hush-hush" not in str(refusal.value)


def test_a_token_made_elsewhere_is_proven_before_it_is_kept(stand: Stand) -> None:
    good = stand.fake.control("POST", "token", {})["access_token"]
    stand.paste(good)
    stand.sign_in(SignInWay.GIVEN)
    for bad in (make_token(1, 99), "opaque-and-wrong"):
        stand.paste(bad)
        with pytest.raises(CockpitError, match="one the broker refuses") as refusal:
            stand.sign_in(SignInWay.GIVEN)
        assert refusal.value.exit_code == 1
        assert bad not in str(refusal.value)
    stand.fake.plant("status", call="profile", status=503, times=0)
    stand.paste(good)
    with pytest.raises(CockpitError, match="nothing was kept"):
        stand.sign_in(SignInWay.GIVEN)
    assert stand.kept == Token(good)


def test_a_fresh_token_is_kept_though_the_broker_cannot_say_whose_it_is(stand: Stand) -> None:
    stand.fake.plant("status", call="profile", status=503, times=0)
    stand.on_said = browser = Browser()
    signed_in = stand.sign_in(SignInWay.BROWSER)
    browser.close()
    assert stand.kept is not None
    assert signed_in.warnings[0].startswith("not proven yet")


def test_what_runs_takes_up_the_new_token_at_its_next_call(stand: Stand) -> None:
    running = TokenStore(stand.root)
    assert running() is None
    for _ in range(2):
        token = stand.fake.control("POST", "token", {})["access_token"]
        stand.paste(token)
        stand.sign_in(SignInWay.GIVEN)
        assert running.changed()
        assert running() == Token(token)


def test_a_token_in_the_settings_that_wins_is_named(stand: Stand) -> None:
    stand.settings(access_token="yesterdays")
    stand.paste(stand.fake.access_token)
    signed_in = stand.sign_in(SignInWay.GIVEN)
    assert f"upstox.access_token is set by {stand.root / 'cockpit.toml'}" in signed_in.warnings[0]


def test_settings_and_pastes_that_cannot_be_used_are_bad_input(stand: Stand) -> None:
    stand.paste("two words")
    with pytest.raises(CockpitError, match="expected the code or the whole redirected address") as refusal:
        stand.sign_in(SignInWay.PASTE)
    assert refusal.value.exit_code == 2
    stand.settings(client_id="", client_secret="")
    with pytest.raises(CockpitError, match=r"expected upstox.client_id and upstox.client_secret") as refusal:
        stand.sign_in(SignInWay.BROWSER)
    assert refusal.value.exit_code == 2
    stand.settings(notifier_uri="http://192.0.2.1/notify")
    with pytest.raises(CockpitError, match="is not on this machine"):
        stand.sign_in(SignInWay.PHONE)


def test_nobody_at_the_page_ends_the_wait(stand: Stand) -> None:
    with pytest.raises(CockpitError, match="run `cockpit login` again") as refusal:
        stand.sign_in(SignInWay.BROWSER, seconds=0.1)
    assert refusal.value.exit_code == 1


def test_an_address_that_is_taken_leaves_the_paste(stand: Stand) -> None:
    parts = urlsplit(stand.redirect_uri)
    with socket.socket() as line:
        line.bind((parts.hostname, parts.port))
        line.listen()
        stand.on_said = lambda text: stand.paste(sent_to(stand.dialog())) if "paste here" in text else None
        stand.sign_in(SignInWay.BROWSER)
    assert any("must be pasted" in text for text in stand.said)


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, False),
        ({}, os.uname().sysname == "Darwin"),
    ],
)
def test_a_browser_is_opened_only_where_the_person_sits(environment: dict[str, str], shown: bool) -> None:
    assert has_display(environment) is shown


def test_the_command_reads_the_paste_from_its_input_and_shows_nothing_secret(
    stand: Stand, served: RunningFake
) -> None:
    here = Outside(stand.root)
    token = served.control("POST", "token", {})["access_token"]
    done = here.run("login", "--token", typed=f"{token}\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "token good until" in done.stdout
    assert token not in done.stdout
    assert stand.kept == Token(token)
    ended = here.run("login", "--paste", typed="")
    assert (ended.returncode, "Traceback" in ended.stderr) == (2, False)
    assert "expected a code or a token" in ended.stderr


@pytest.mark.parametrize("words", [["--token", "--paste"], ["--wait", "0"], ["--wait", "soon"], ["a-code"]])
def test_bad_use_is_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str]) -> None:
    assert command(capsys, tmp_path / "home", "login", *words).code == 2


def test_a_home_that_cannot_be_made_is_told_before_anything_is_asked(stand: Stand, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    desk = AccountDesk(open_desk(stand.root, ()))
    desk._desk.home = Home(blocked / "home")
    blocked.write_text("no directory")
    with pytest.raises(CockpitError, match="expected a directory") as refusal:
        desk.sign_in(SignInWay.BROWSER, stand.said.append, None, seconds=1)
    assert (refusal.value.exit_code, stand.said) == (2, [])


def test_a_terminal_shows_nothing_of_what_is_pasted_and_asks_again(stand: Stand) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        Outside(stand.root).argv("login", "--paste"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=REPOSITORY,
        env=clean_environment(),
        start_new_session=True,
    )
    os.close(theirs)
    seen = ""
    try:
        seen = read_until(ours, seen, "the code in it (it is not shown):")
        os.write(ours, b"not a code\n")
        seen = read_until(ours, seen, "paste it again:")
        [dialog] = re.findall(r"http://\S+dialog\S+", seen)
        address = sent_to(dialog)
        os.write(ours, address.encode() + b"\n")
        seen = read_until(ours, seen, "signed in as Fake Trader")
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    code = parse_qs(urlsplit(address).query)["code"][0]
    kept = stand.kept
    assert kept is not None
    for secret in (code, kept.reveal(), CLIENT_SECRET, "not a code"):
        assert secret not in seen


def read_until(descriptor: int, seen: str, wanted: str) -> str:
    """Return everything a terminal has shown once it shows this."""
    deadline = time.monotonic() + 20
    while wanted not in seen:
        left = deadline - time.monotonic()
        assert left > 0, f"expected {wanted!r}, got {seen!r}"
        if select.select([descriptor], [], [], left)[0]:
            seen += os.read(descriptor, 4_096).decode()
    return seen
