"""A panel that draws finished lines and repaints only the cells that changed."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.css.styles import RenderStyles
from textual.dom import DOMNode
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from cockpit.text.lines import Line, changed_columns
from cockpit.text.signs import ascii_only
from cockpit.text.theme import STYLES, WORLDS

_PARTS = frozenset(f"panel--{style}" for style in STYLES)


class Panel(Widget):
    """Draws the lines it was last shown.

    Its owner calls ``show`` at most once a frame. Unchanged lines keep their strip; changed ones are marked dirty from
    the first to the last changed cell, so that a ticking price costs the bytes of its own digits.
    """

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's word
        ascii_signs: bool = False,
        on_new_size: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(id=id)
        self._on_new_size = on_new_size
        self._ascii = ascii_signs
        self._lines: tuple[Line, ...] = ()
        self._strips: dict[int, Strip] = {}
        self._styles: dict[str, Style] = {}

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines on show."""
        return self._lines

    @property
    def text(self) -> str:
        """The plain text on show, for tests and for copying."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def show(self, lines: Sequence[Line]) -> None:
        """Draw these lines from now on; the panel repaints only what differs."""
        before, after = self._lines, tuple(lines)
        if before == after:
            return
        self._lines = after
        regions: list[Region] = []
        width = self.size.width
        for row in range(max(len(before), len(after))):
            if row >= len(before) or row >= len(after):
                self._strips.pop(row, None)
                regions.append(Region(0, row, width, 1))
                continue
            columns = changed_columns(before[row], after[row])
            if columns is not None:
                self._strips.pop(row, None)
                regions.append(Region(columns[0], row, columns[1] - columns[0], 1))
        self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """Return one line from the strip cache."""
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._build(y)
        return strip

    def wear(self, world: str) -> None:
        """Take a world's colour; the class changes only when the world does."""
        if world in WORLDS and not self.has_class(world):
            self.set_classes(world)

    def on_resize(self) -> None:
        """Forget strips of another width and have the owner paint for the new size."""
        self._strips.clear()
        if self._on_new_size is not None:
            self._on_new_size()

    def notify_style_update(self) -> None:
        """Forget the resolved styles when the theme or a class changed; repaint where they look otherwise now."""
        super().notify_style_update()
        before = self._styles
        self._component_styles.clear()
        self._styles = {}
        self._strips.clear()
        if any(self._style(name) != style for name, style in before.items() if name):
            self.refresh()

    def get_component_styles(self, *names: str) -> RenderStyles:
        """Return the styles of names of ours, each resolved when it is first drawn.

        Declared as component classes, all of them would be resolved at every change of a class above the panel, drawn
        or not: most of what a screen takes to open.
        """
        for name in names:
            if name in _PARTS and name not in self._component_styles:
                part = DOMNode(classes=name)
                part._attach(self)  # noqa: SLF001 - as Textual's own stylesheet does
                self.app.stylesheet.apply(part)
                self._component_styles[name] = part.styles
        return super().get_component_styles(*names)

    def _build(self, row: int) -> Strip:
        width = self.size.width
        if row >= len(self._lines):
            return Strip.blank(width, self._style(""))
        segments = [
            Segment(ascii_only(text) if self._ascii else text, self._style(style))
            for text, style in self._lines[row]
        ]
        cells = sum(len(text) for text, _ in self._lines[row])
        strip = Strip(segments, cells)
        return strip if cells == width else strip.adjust_cell_length(width, self._style(""))

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self.get_component_rich_style(f"panel--{name}") if name else self.rich_style
            self._styles[name] = style
        return style
