"""Every scenario by name: what an independent broker did, what real brokers are known to do, and their kin."""

import config
from tests.scenarios.catalogue.account import OTHERS, PRODUCTS
from tests.scenarios.catalogue.fills import FILLS, STOPS
from tests.scenarios.catalogue.line import LIMITS, READS, STREAMS
from tests.scenarios.catalogue.market import AUCTION, DAY, DEATHS, MARKET
from tests.scenarios.catalogue.writes import ANSWERS, CANCELS, CHANGES

_CAN_BE_SET = "orders" in config.Settings.model_fields
_ALL = (
    *ANSWERS,
    *FILLS,
    *STOPS,
    *CHANGES,
    *CANCELS,
    *OTHERS,
    *STREAMS,
    *READS,
    *LIMITS,
    *MARKET,
    *DAY,
    *AUCTION,
    *PRODUCTS,
    *DEATHS,
)
SCENARIOS = tuple(scenario for scenario in _ALL if _CAN_BE_SET or "orders." not in str(scenario.settings))
