"""Loads the settings: each value with its source, every bad one named at once, whatever the file holds.

Sources, later ones win: defaults, ``cockpit.toml`` in the home, environment ``COCKPIT_SECTION__KEY``, ``--set``.
"""

import errno
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from reprlib import Repr
from typing import Any, Final, get_args, get_origin

from pydantic import ValidationError

from config import ADDRESSES, SECRET_SETTINGS, Settings, SettingsSection, brokers_on_loopback
from engine.system.errors import CockpitError
from engine.system.plain_text import kind_of

ENVIRONMENT_PREFIX: Final = "COCKPIT_"


OVERRIDE: Final = "--set"


FILE_NAME: Final = "cockpit.toml"


_NOT_SETTINGS: Final = frozenset({"COCKPIT_HOME"})


_LONGEST_FILE: Final = 256 * 1024
"""Bytes of a settings file."""


_LONGEST_SHOWN: Final = 200


_MOST_TOLD: Final = 20
"""Bad settings that are named one by one."""


_SHORT: Final = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80


class SettingsError(CockpitError, ValueError):
    """One or more bad settings, each named with its source, what was expected and what was found."""


_USER_OF_ADDRESS: Final = re.compile(r"(//)[^\s'\"]*@")


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective setting with its documentation and source."""

    name: str
    value: str
    source: str
    description: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """Validated settings and where each value came from ("default" when absent from ``sources``)."""

    settings: Settings
    sources: Mapping[str, str]


def _fields() -> Iterator[tuple[str, Any]]:
    for section, info in Settings.model_fields.items():
        model = info.annotation
        if not (isinstance(model, type) and issubclass(model, SettingsSection)):
            raise TypeError(f"expected a Section class for {section}, got {model!r}")
        for key, field in model.model_fields.items():
            yield f"{section}.{key}", field


def _known(name: str) -> bool:
    return any(name == known for known, _ in _fields())


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is tuple and get_args(annotation)[-1:] == (...,)


def _from_text(name: str, text: str) -> object:
    for known, field in _fields():
        if known == name and _is_list(field.annotation):
            return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _from_file(path: Path) -> Iterator[tuple[str, object, str]]:
    try:
        content = _content_of(path)
        tables = {} if content is None else tomllib.loads(content)
    except RecursionError as error:
        raise SettingsError(f"{path}: expected a readable TOML file, got one nested too deeply") from error
    except (ValueError, OSError) as error:
        # What a number of thousands of digits raises is no TOMLDecodeError.
        raise SettingsError(f"{path}: expected a readable TOML file, got: {_cut(str(error))}") from error
    for section, table in tables.items():
        if not isinstance(table, dict):
            raise SettingsError(f"{path}: expected [section] tables, got a bare key {_cut(repr(section))}")
        for key, value in table.items():
            yield f"{section}.{key}", value, str(path)


def _content_of(path: Path) -> str | None:
    """Return a settings file's text, None where there is no file; bounded, and no pipe or device is waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file")
        content = file.read(_LONGEST_FILE + 1)
    if len(content) > _LONGEST_FILE:
        raise OSError(errno.EFBIG, f"it is longer than {_LONGEST_FILE} bytes")
    return content.decode("utf-8-sig")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]} …"


def _shown(value: object) -> str:
    """Return a value as a person may read it, however large or deep it is."""
    try:
        return _cut(without_password(_SHORT.repr(value)))
    except (ValueError, RecursionError):
        return f"{kind_of(value)} that is too large to show"


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, object, str]]:
    for variable, text in environment.items():
        if variable.startswith(ENVIRONMENT_PREFIX) and "__" in variable and variable not in _NOT_SETTINGS:
            section, _, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
            name = f"{section}.{key}"
            yield name, _from_text(name, text), f"environment {variable}"


def _from_overrides(overrides: Sequence[str]) -> Iterator[tuple[str, object, str]]:
    for override in overrides:
        name, equals, text = override.partition("=")
        name = name.strip()
        if not equals or name.count(".") != 1:
            shown = (
                "a hidden value"
                if name.startswith(tuple(SECRET_SETTINGS))
                else without_password(repr(override))
            )
            raise SettingsError(f"--set: expected section.key=value, got {shown}")
        yield name, _from_text(name, text.strip()), f"{OVERRIDE} {name}"


def load(
    home: Path,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """Return the validated settings of a home; raise SettingsError naming every bad value at once."""
    configuration, problem = load_readable(home, overrides, environment)
    if problem:
        raise SettingsError(problem)
    return configuration


def load_readable(
    home: Path,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[Configuration, str]:
    """Return the settings as far as they can be used, and what is wrong with the rest (empty when nothing).

    A value that cannot be used is left at its default, and its name is in ``Settings.unread``; so are all that a file
    may name that cannot be read at all.
    """
    values: dict[str, dict[str, object]] = {}
    sources: dict[str, str] = {}
    problems: list[str] = []
    environment = os.environ if environment is None else environment
    unread: set[str] = set()
    for origin in (_from_file(home / FILE_NAME), _from_environment(environment), _from_overrides(overrides)):
        try:
            for name, value, source in origin:
                if not _known(name):
                    near = _suggest(name) if len(problems) < _MOST_TOLD else ""
                    problems.append(f"{source}: unknown setting {_shown(name)}; {near}")
                    continue
                section, _, key = name.partition(".")
                values.setdefault(section, {})[key] = value
                sources[name] = source
        except SettingsError as error:
            problems.append(str(error))
            unread |= {known for known, _ in _fields()}
    unread -= set(sources)
    settings, bad = _validated(values, sources)
    problems += bad.values()
    for name in bad:
        sources.pop(name, None)
    settings._unread = frozenset(unread | bad.keys())  # noqa: SLF001 - its own private part, set once
    more = len(problems) - _MOST_TOLD
    told = [*problems[:_MOST_TOLD], *([f"and {more} more"] if more > 0 else [])]
    return Configuration(settings, sources), "\n".join(told)


def _validated(
    values: dict[str, dict[str, object]], sources: Mapping[str, str]
) -> tuple[Settings, dict[str, str]]:
    """Return the settings without the values that cannot be used, and what is wrong with each of those, by name."""
    bad: dict[str, str] = {}
    while True:
        try:
            settings = Settings.model_validate(values)
        except ValidationError as error:
            found = {
                ".".join(str(part) for part in problem["loc"][:2]): problem
                for problem in reversed(error.errors())
            }
            for name, problem in reversed(found.items()):
                value = "a hidden value" if name in SECRET_SETTINGS else _shown(problem.get("input"))
                told = (
                    f"{sources.get(name, 'default')}: {name}: {_cut(_sentence(name, problem))}, got {value}"
                )
                bad[name] = told
                _drop(values, name)
            continue
        if settings.session.clock == "feed" and not brokers_on_loopback(settings.upstox):
            if not ADDRESSES & bad.keys():
                bad["session.clock"] = (
                    f"{sources.get('session.clock', 'default')}: session.clock: expected wall while a broker's address "
                    "is not on loopback, got 'feed'"
                )
            _drop(values, "session.clock")
            continue
        return settings, bad


def _drop(values: dict[str, dict[str, object]], name: str) -> None:
    section, _, key = name.partition(".")
    del values[section][key]


_UNIONS: Final = {
    "session.last_entry": "expected auto or HH:MM",
    "session.flat_by": "expected auto or HH:MM",
    "profile.row": "expected auto or 0.01 to 10000 rupees",
}


def _sentence(name: str, problem: Mapping[str, object]) -> str:
    if name in _UNIONS:
        return _UNIONS[name]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if message.startswith("expected"):
        return message
    return "expected " + message.removeprefix("Input should be ").removeprefix("a valid ")


def _suggest(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [known for known, _ in _fields()], n=3, cutoff=0.4)
    return f"did you mean {' or '.join(near)}?" if near else "cockpit config lists every setting"


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return ENVIRONMENT_PREFIX + name.upper().replace(".", "__")


def without_password(text: str) -> str:
    """Return a text in which no address says with what user and password it is opened."""
    return _USER_OF_ADDRESS.sub(r"\1(hidden)@", text) if "@" in text else text


def secrets_as_environment(overrides: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the overrides that other processes may see, and the secret ones as environment variables.

    A command line is readable by every user of the machine, an environment by its owner alone.
    """
    public: list[str] = []
    variables: dict[str, str] = {}
    for override in overrides:
        name, _, text = override.partition("=")
        if name.strip() in SECRET_SETTINGS:
            variables[variable_of(name.strip())] = text.strip()
        else:
            public.append(override)
    return public, variables


def overrides_as_environment(configuration: Configuration) -> dict[str, str]:
    """Return what a command line set, as environment variables: for a process that must see the same settings."""
    dumped = configuration.settings.model_dump(mode="json")
    variables = {}
    for name, source in configuration.sources.items():
        if source == f"{OVERRIDE} {name}":
            section, _, key = name.partition(".")
            value = dumped[section][key]
            text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
            variables[variable_of(name)] = text
    return variables


def describe(configuration: Configuration) -> list[Setting]:
    """Return every setting in table order with its value, source, and documentation; secrets as a length."""
    rows = []
    dumped = configuration.settings.model_dump(mode="json")
    for name, field in _fields():
        section, _, key = name.partition(".")
        value = dumped[section][key]
        if name in SECRET_SETTINGS:
            value = f"({len(value)} characters)" if value else "(empty)"
        elif isinstance(value, list):
            value = ",".join(value)
        rows.append(
            Setting(name, str(value), configuration.sources.get(name, "default"), field.description or "")
        )
    return rows
