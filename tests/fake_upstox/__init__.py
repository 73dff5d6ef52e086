"""A whole Upstox broker on loopback, for tests and drills: REST, both streams, instrument files, faults on demand.

``python -m tests.fake_upstox --recording FILE... --speed 1|10|max --scenario NAME`` serves it on a free port
(``--port`` fixes one) and prints one line of JSON: ``api_url``, ``order_url``, ``assets_url``, ``control_url``,
``access_token``, ``pid``. Without a recording it plays the simulator's day. ``--help`` tells the rest: another date, a
later start, the day begun at this moment (``--clock wall``), more instruments (``--instruments 50``), the broker's own
square-off.
Inside a test, ``running_fake()`` serves the same in a thread.

The market is the tape: orders match against its running book, take what they take from it until the next packet, and
go through the broker's statuses in exchange time. Speed 0 stands still until told to move; ``max`` goes as fast as
the slowest subscriber reads and waits until there is one.

The control endpoint (``control_url``, JSON, no token) does what no caller of a real broker can:

==============================  =========================================================================
``GET/POST state``              money, addresses, segments, halts, price limits, prices, instrument terms,
                                files, rate limits; GET also tells subscriptions and counts of updates
``POST/GET/DELETE faults``      plant ``{"fault": NAME, "times": 1, "skip": 0, "seconds": ...}``, see what
                                struck, clear; names and what narrows them are in ``faults.py``
``POST scenario``               a named bundle: ``scenarios.py``
``POST clock``                  ``advance_seconds``, ``time``, ``speed``, ``skew_seconds``
``POST token``                  kill every token, approve on the phone, or (empty) issue a new one
``POST disconnect``             cut every client of a stream
``POST burst``                  ``rate`` updates a second for ``seconds``
``POST outage``                 close the port and every connection for ``seconds``
``POST orders``, ``orders/act`` an order from the phone; cancel, fill, trigger, release from the broker's side
``GET orders``, ``trades``,     the broker's own books, histories included
``positions``
``POST positions/close``,       a position closed by phone; one from the day before
``positions/overnight``
``GET/DELETE calls``            every call so far with its answer's status and the faults that struck it
==============================  =========================================================================
"""

from tests.fake_upstox.running import RunningFake, running_fake
from tests.fake_upstox.server import FakeUpstox
from tests.fake_upstox.settings import FakeSettings

__all__ = ["FakeSettings", "FakeUpstox", "RunningFake", "running_fake"]
