"""The broker's error envelope, in both spellings of its fields."""

from dataclasses import dataclass
from typing import Any


@dataclass
class ApiError(Exception):
    """A refused call: HTTP status, the broker's code and text."""

    status: int
    code: str
    message: str
    path: str | None = None
    value: Any = None

    def line(self) -> dict[str, Any]:
        """Return one entry of ``errors``."""
        return {
            "error_code": self.code,
            "message": self.message,
            "property_path": self.path,
            "invalid_value": self.value,
            "errorCode": self.code,
            "propertyPath": self.path,
            "invalidValue": self.value,
        }

    def body(self) -> dict[str, Any]:
        """Return the whole envelope."""
        return {"status": "error", "errors": [self.line()]}


def bad(code: str, message: str, path: str | None = None, value: object = None) -> ApiError:
    """Return a 400 that the caller's own input caused."""
    return ApiError(400, code, message, path, value)


INVALID_TOKEN = ("UDAPI100050", "Invalid token used to access API")
TOKEN_KIND = ("UDAPI100067", "The API you are trying to access is not permitted with this token")
WRONG_ADDRESS = ("UDAPI1154", "Access to this API is restricted to the registered static IP")
TOO_MANY = ("UDAPI10005", "Too Many Request Sent")
ORDERS_CLOSED = ("UDAPI100074", "The Order API is accessible between 5:30 AM and 12:00 AM IST daily")
FUNDS_CLOSED = ("UDAPI100072", "The Funds API is accessible between 5:30 AM and 12:00 AM IST daily")
SERVER_FAULT = ("UDAPI100500", "Something went wrong... please contact us")
NOT_FOUND = ("UDAPI100060", "Resource not Found")
