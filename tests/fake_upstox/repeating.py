"""Answers that repeat in their texts what they were sent."""

from tests.fake_upstox.shapes import Json

_TEXTS = frozenset({"message", "status_message", "status_message_raw", "user_name", "company_name", "reason"})
"""Fields that carry words for a person; an id or a number is never touched."""


def repeating(body: Json, text: str) -> Json:
    """Return a body whose every text for a person goes on with ``text``, and which says it once more by itself."""
    if isinstance(body, str):
        return f"{body} {text}"
    told = _with(body, text)
    return told | {"message": f"you sent {text}"} if isinstance(told, dict) else told


def _with(body: Json, text: str) -> Json:
    if isinstance(body, list):
        return [_with(item, text) for item in body]
    if isinstance(body, dict):
        return {
            key: f"{value or ''} {text}"
            if key in _TEXTS and not isinstance(value, dict | list)
            else _with(value, text)
            for key, value in body.items()
        }
    return body
