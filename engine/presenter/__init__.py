"""Pictures of the core for a screen: plain views, ready to be laid out.

- Reads the core, changes nothing.
"""

from engine.presenter.presenter import Presenter, ViewFacts

__all__ = ["Presenter", "ViewFacts"]
