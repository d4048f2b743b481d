"""What happens through time: each step's share of a gradient, and how far a gradient reaches.

Nothing here changes a graph or writes to a ``.grad``. Imports `nn`, `check`, ops and the engine.
"""

from .account import Account
from .flow import gradient_flow
from .jacobian import StateJacobian, state_jacobian
from .ledger import Ledger, ledger
from .rtrl import RTRL
from .truncation import Truncation, Window, cut_edges

__all__ = [
    "Account",
    "Ledger",
    "RTRL",
    "StateJacobian",
    "Truncation",
    "Window",
    "cut_edges",
    "gradient_flow",
    "ledger",
    "state_jacobian",
]
