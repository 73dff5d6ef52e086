"""What a desk's panels say, and views with another header."""

import msgspec

from cockpit.widgets.panel import Panel
from engine.contract.views import ScreenView
from tests.cockpit.pictures import picture
from tests.cockpit.scripted import Desk


def with_header(**changes: object) -> ScreenView:
    view = picture()
    return msgspec.structs.replace(view, header=msgspec.structs.replace(view.header, **changes))


def panel_text(desk: Desk, name: str) -> str:
    return desk.app.screen.query_one(f"#{name}", Panel).text
